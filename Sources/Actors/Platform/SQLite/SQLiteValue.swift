/// A value on its way into a statement or out of a row.
public enum SQLiteValue: Sendable, Hashable {
  /// NULL.
  case null
  /// A whole number.
  case integer(Int64)
  /// A floating-point number; SQLite stores NaN as NULL.
  case real(Double)
  /// Text; may hold NUL characters.
  case text(String)
  /// Bytes.
  case blob([UInt8])

  /// A number, or NULL for nil.
  public init(_ value: Int64?) { self = value.map(SQLiteValue.integer) ?? .null }

  /// A number, or NULL for nil.
  public init(_ value: Int?) { self = value.map { .integer(Int64($0)) } ?? .null }

  /// A number, or NULL for nil.
  public init(_ value: Double?) { self = value.map(SQLiteValue.real) ?? .null }

  /// Text, or NULL for nil.
  public init(_ value: String?) { self = value.map(SQLiteValue.text) ?? .null }
}

extension SQLiteValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByNilLiteral
{
  /// Text.
  public init(stringLiteral value: String) { self = .text(value) }
  /// A whole number.
  public init(integerLiteral value: Int64) { self = .integer(value) }
  /// A floating-point number.
  public init(floatLiteral value: Double) { self = .real(value) }
  /// NULL.
  public init(nilLiteral: ()) { self = .null }
}

/// Reading what others wrote: a value is taken for what it says, whatever type it was stored as, and never traps.
extension SQLiteValue {
  /// The text of it; nil for NULL. Bytes are read as UTF-8, with U+FFFD for what is none.
  public var text: String? {
    switch self {
    case .null: nil
    case .integer(let value): String(value)
    case .real(let value): String(value)
    case .text(let value): value
    case .blob(let bytes): String(decoding: bytes, as: UTF8.self)
    }
  }

  /// The whole number that it says; nil where it says none (`12.5`, `abc`, NULL).
  public var integer: Int64? {
    switch self {
    case .null: nil
    case .integer(let value): value
    case .real(let value): Int64(exactly: value)
    case .text, .blob: trimmed.flatMap { text in Int64(text) ?? Double(text).flatMap { Int64(exactly: $0) } }
    }
  }

  /// The number that it says, NaN and infinities included; nil where it says none.
  public var real: Double? {
    switch self {
    case .null: nil
    case .integer(let value): Double(value)
    case .real(let value): value
    case .text, .blob: trimmed.flatMap { Double($0) }
    }
  }

  /// The text without spaces around it; nil where nothing is left or it is too long for a number.
  private var trimmed: String? {
    guard let text, text.utf8.count <= Self.maxNumberLength else { return nil }
    let isSpace = { (character: Character) in character.isWhitespace }
    guard let first = text.firstIndex(where: { !isSpace($0) }), let last = text.lastIndex(where: { !isSpace($0) })
    else { return nil }
    return String(text[first...last])
  }

  /// Longest text that is looked at as a number, in bytes.
  private static let maxNumberLength = 400
}
