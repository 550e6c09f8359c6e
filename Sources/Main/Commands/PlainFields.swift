#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The plain fields of a JSON object as text, whatever their types: what a table of events is shown with.
struct PlainFields: Decodable {
  private var fields: [String: String] = [:]

  private struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    for key in container.allKeys {
      if let text = try? container.decode(String.self, forKey: key) {
        fields[key.stringValue] = text
      } else if let number = try? container.decode(Int64.self, forKey: key) {
        fields[key.stringValue] = "\(number)"
      } else if let number = try? container.decode(Double.self, forKey: key) {
        fields[key.stringValue] = "\(number)"
      } else if let flag = try? container.decode(Bool.self, forKey: key) {
        fields[key.stringValue] = "\(flag)"
      }
    }
  }

  /// Reads an object; nil where the text is none.
  static func read(_ text: String) -> [String: String]? {
    (try? JSONDecoder().decode(PlainFields.self, from: Data(text.utf8)))?.fields
  }
}
