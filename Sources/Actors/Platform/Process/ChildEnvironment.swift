import CShims

/// What a child gets to see of our environment.
public enum ChildEnvironment {
  /// What a child inherits from this process, by name.
  public static func current() -> [String: String] {
    var found: [String: String] = [:]
    for entry in inherited() {
      let name = entry.prefix { $0 != "=" }
      if !isOurs(name), name.endIndex != entry.endIndex {
        found[String(name)] = String(entry[entry.index(after: name.endIndex)...])
      }
    }
    return found
  }

  /// A service manager's words to us, not to our children: a child that spoke to its socket would speak for us.
  static func isOurs(_ name: Substring) -> Bool {
    name == "NOTIFY_SOCKET" || name.hasPrefix("WATCHDOG_") || name.hasPrefix("LISTEN_")
  }

  /// The child's environment as `NAME=value`: the one given, or ours less what is for us alone.
  static func entries(_ given: [String: String]?) -> [String] {
    if let given { return given.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" } }
    return inherited().filter { !isOurs($0.prefix { $0 != "=" }) }
  }

  /// The value of a name among entries.
  static func value(of name: String, in entries: [String]) -> String? {
    let start = name + "="
    return entries.first { $0.hasPrefix(start) }.map { String($0.dropFirst(start.count)) }
  }

  private static func inherited() -> [String] {
    var entries: [String] = []
    guard var next = retraind_environment() else { return entries }
    while let entry = next.pointee {
      entries.append(String(cString: entry))
      next += 1
    }
    return entries
  }
}
