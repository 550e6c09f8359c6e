package import Platform
package import Rules

/// How the journal's types stand in columns.
extension SQLiteValue {
  /// RFC 3339, or NULL for nil.
  package init(_ time: Timestamp?) { self.init(time?.sortableText) }

  /// The timestamp that it says; nil where it says none.
  package var timestamp: Timestamp? { text.flatMap { Timestamp(parsing: $0) } }

  /// The case that it names; NULL and unknown names are nil.
  func oneOf<Value: RawRepresentable>(_: Value.Type) -> Value? where Value.RawValue == String {
    text.flatMap { Value(rawValue: $0) }
  }

  /// The count that it says; 0 where it says none.
  var count: Int { integer.flatMap { Int(exactly: $0) } ?? 0 }

  /// A text from outside, cut to what is kept.
  init(clipped text: String?) {
    guard let text, text.utf8.count > JournalLimits.textBytes else {
      self.init(text)
      return
    }
    self = .text(String(decoding: text.utf8.prefix(JournalLimits.textBytes), as: UTF8.self) + " …")
  }
}

extension SQLiteRow {
  /// The case that a column names; throws where this version does not know it.
  borrowing func required<Value: RawRepresentable>(
    _ column: Int, _ type: Value.Type, of place: String
  ) throws(SQLiteFailure) -> Value where Value.RawValue == String {
    guard let value = self[column].oneOf(type) else {
      throw SQLiteFailure(
        kind: .unreadable, path: "",
        description: "\(place) holds a value that this version does not know. Did another program write it?")
    }
    return value
  }
}
