internal import Platform

/// Reads a JSON array of objects, keeping only the columns that are wanted: ten thousand rows at every start must not
/// cost what a general decoder takes (Docs/decisions/0016).
///
/// Values come as `SQLiteValue`, which is taken for what it says whatever type it has: PostgREST writes NaN and Infinity
/// as text, and some tables hold numbers as text.
enum JSONRows {
  /// Objects and arrays inside each other that are stepped over.
  static let maximumDepth = 512

  /// Why a text is no array of objects.
  enum Problem: Error, Sendable, Hashable {
    /// It ends before the array does.
    case cutOff
    /// It is something else.
    case notRows
  }

  /// The rows, each with one value per wanted column; one that is missing is NULL, as is a nested object or array.
  static func read(_ bytes: [UInt8], columns: [String]) throws(Problem) -> [[SQLiteValue]] {
    let result = bytes.withUnsafeBufferPointer { buffer -> Result<[[SQLiteValue]], Problem> in
      var reader = JSONReader(bytes: buffer, columns: columns.map { Array($0.utf8) })
      do throws(Problem) {
        return .success(try reader.rows())
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// The names of the first row's columns; nil where there is no row.
  static func columns(ofFirstRowIn bytes: [UInt8]) throws(Problem) -> [String]? {
    let result = bytes.withUnsafeBufferPointer { buffer -> Result<[String]?, Problem> in
      var reader = JSONReader(bytes: buffer, columns: [])
      do throws(Problem) {
        return .success(try reader.firstKeys())
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// Values of one object; nil where the text is none.
  static func object(in bytes: [UInt8], keys: [String]) -> [SQLiteValue]? {
    bytes.withUnsafeBufferPointer { buffer in
      var reader = JSONReader(bytes: buffer, columns: keys.map { Array($0.utf8) })
      return try? reader.single()
    }
  }

  /// True where a text is `{}` but for white space.
  static func isEmptyObject(_ bytes: [UInt8]) -> Bool {
    bytes.filter { $0 > 0x20 } == Array("{}".utf8)
  }
}
