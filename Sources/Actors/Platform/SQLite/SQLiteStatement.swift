internal import CSQLite

/// A prepared statement; owned by its database, used on one thread at a time.
final class SQLiteStatement {
  /// SQLite's statement.
  let handle: OpaquePointer
  /// False while a query steps through it, so that a query inside a row's closure prepares one of its own.
  var isIdle = true

  init(handle: OpaquePointer) { self.handle = handle }

  deinit { sqlite3_finalize(handle) }

  /// Binds the values to ?1, ?2, ...; returns a result code.
  func bind(_ values: [SQLiteValue]) -> Int32 {
    guard values.count == Int(sqlite3_bind_parameter_count(handle)) else { return SQLITE_RANGE }
    var index: Int32 = 0
    for value in values {
      index += 1
      let code: Int32
      switch value {
      case .null: code = sqlite3_bind_null(handle, index)
      case .integer(let number): code = sqlite3_bind_int64(handle, index, number)
      case .real(let number): code = sqlite3_bind_double(handle, index, number)
      case .text(var text):
        code = text.withUTF8 { bytes in
          bytes.withMemoryRebound(to: CChar.self) { characters in
            // An empty buffer has no address, which SQLite would take for NULL.
            guard let base = characters.baseAddress else { return retraind_sqlite3_bind_text(handle, index, "", 0) }
            return retraind_sqlite3_bind_text(handle, index, base, UInt64(characters.count))
          }
        }
      case .blob(let bytes):
        code = bytes.withUnsafeBytes { buffer in
          guard let base = buffer.baseAddress else { return sqlite3_bind_zeroblob(handle, index, 0) }
          return retraind_sqlite3_bind_blob(handle, index, base, UInt64(buffer.count))
        }
      }
      guard code == SQLITE_OK else { return code }
    }
    return SQLITE_OK
  }

  /// Makes it ready for its next use; drops the values, which may be long.
  func reset() {
    sqlite3_reset(handle)
    sqlite3_clear_bindings(handle)
    isIdle = true
  }
}

/// The row that a query stands on; valid only inside the closure that it is handed to.
public struct SQLiteRow: ~Copyable {
  /// The statement that stands on it.
  let handle: OpaquePointer

  /// The value of a column, counted from 0; NULL beyond the last one.
  public subscript(column: Int) -> SQLiteValue {
    let index = Int32(truncatingIfNeeded: column)
    switch sqlite3_column_type(handle, index) {
    case SQLITE_INTEGER: return .integer(sqlite3_column_int64(handle, index))
    case SQLITE_FLOAT: return .real(sqlite3_column_double(handle, index))
    case SQLITE_TEXT:
      guard let text = sqlite3_column_text(handle, index) else { return .text("") }
      let size = Int(sqlite3_column_bytes(handle, index))
      return .text(String(decoding: UnsafeBufferPointer(start: text, count: size), as: UTF8.self))
    case SQLITE_BLOB:
      guard let bytes = sqlite3_column_blob(handle, index) else { return .blob([]) }
      return .blob([UInt8](UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(handle, index)))))
    default: return .null
    }
  }
}
