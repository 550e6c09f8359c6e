internal import Actors
internal import Platform

extension SettingField.Value {
  /// As JSON; a secret is `"***"`.
  var json: String {
    switch self {
    case .text(let text): JSONText.quote(text)
    case .number(let number): number == number.rounded() && abs(number) < 1e15 ? "\(Int(number))" : "\(number)"
    case .count(let count): "\(count)"
    case .flag(let flag): flag ? "true" : "false"
    case .list(let texts): "[" + texts.map(JSONText.quote).joined(separator: ", ") + "]"
    case .address(let url): JSONText.quote(url)
    case .secret(let secret): JSONText.quote(secret.description)
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
