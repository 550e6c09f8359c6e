internal import Actors

/// JSON, written.
enum JSONText {
  /// A text in quotes. U+2028 and U+2029 are escaped too, since they end lines elsewhere.
  static func quote(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F || scalar.value == 0x2028 || scalar.value == 0x2029:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  /// A setting; a secret is `"***"`.
  static func value(_ value: SettingField.Value) -> String {
    switch value {
    case .text(let text): quote(text)
    case .number(let number): number == number.rounded() && abs(number) < 1e15 ? "\(Int(number))" : "\(number)"
    case .count(let count): "\(count)"
    case .flag(let flag): flag ? "true" : "false"
    case .secret(let secret): quote(secret.description)
    case .none: "null"
    }
  }
}

/// An object of objects that keeps the order in which its keys came.
struct JSONTree {
  /// What stands for a key.
  private indirect enum Node {
    /// A value, written.
    case leaf(String)
    /// An object.
    case tree(JSONTree)
  }

  /// Keys in order.
  private var keys: [String] = []
  /// What stands for them.
  private var nodes: [String: Node] = [:]

  /// An empty object.
  init() {}

  /// Puts a written value at the end of a path; nil makes an empty object there.
  mutating func set(_ path: [String], _ value: String?) {
    guard let key = path.first else { return }
    if nodes[key] == nil { keys.append(key) }
    if path.count == 1, let value {
      nodes[key] = .leaf(value)
      return
    }
    var inner = JSONTree()
    // Taken out, so that what is changed is not copied first.
    if case .tree(let tree) = nodes.removeValue(forKey: key) { inner = tree }
    inner.set(Array(path.dropFirst()), value)
    nodes[key] = .tree(inner)
  }

  /// The object, indented by two spaces for each level.
  func text(indent: Int = 0) -> String {
    if keys.isEmpty { return "{}" }
    let space = String(repeating: "  ", count: indent + 1)
    let lines = keys.map { key in
      switch nodes[key] {
      case .leaf(let text): "\(space)\(JSONText.quote(key)): \(text)"
      case .tree(let tree): "\(space)\(JSONText.quote(key)): \(tree.text(indent: indent + 1))"
      case nil: ""
      }
    }
    return "{\n" + lines.joined(separator: ",\n") + "\n" + String(repeating: "  ", count: indent) + "}"
  }
}
