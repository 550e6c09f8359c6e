#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A JSON document that is looked into.
enum JSONValue: Decodable, Sendable, Hashable {
  case null
  case flag(Bool)
  case number(Double)
  case text(String)
  case array([JSONValue])
  case object([String: JSONValue])

  /// Reads a document.
  init(parsing text: some StringProtocol) throws {
    do {
      self = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    } catch {
      throw HarnessFailure("no JSON: \(text.prefix(400)) (\(error))")
    }
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .flag(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .text(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  /// A member; null where there is none.
  subscript(_ key: String) -> JSONValue {
    if case .object(let members) = self { return members[key] ?? .null }
    return .null
  }

  /// An element; null where there is none.
  subscript(_ index: Int) -> JSONValue {
    elements.indices.contains(index) ? elements[index] : .null
  }

  /// The elements of an array.
  var elements: [JSONValue] {
    if case .array(let elements) = self { return elements }
    return []
  }

  /// The names of an object's members.
  var keys: Set<String> {
    if case .object(let members) = self { return Set(members.keys) }
    return []
  }

  /// The text of a string.
  var text: String? {
    if case .text(let text) = self { return text }
    return nil
  }

  /// The value of a number.
  var number: Double? {
    if case .number(let number) = self { return number }
    return nil
  }

  /// The value of a whole number.
  var count: Int? { number.flatMap { Int(exactly: $0) } }
}
