/// What a child gets to see of our environment.
public enum ChildEnvironment {
  /// What a child inherits from this process, by name.
  public static func current() -> [String: String] {
    ProcessEnvironment.current().filter { !isOurs($0.key[...]) }
  }

  /// A service manager's words to us, not to our children: a child that spoke to its socket would speak for us.
  static func isOurs(_ name: Substring) -> Bool {
    name == "NOTIFY_SOCKET" || name.hasPrefix("WATCHDOG_") || name.hasPrefix("LISTEN_")
  }

  /// The child's environment as `NAME=value`: the one given, or ours less what is for us alone.
  static func entries(_ given: [String: String]?) -> [String] {
    if let given { return given.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" } }
    return ProcessEnvironment.entries().filter { !isOurs($0.prefix { $0 != "=" }) }
  }

  /// The value of a name among entries.
  static func value(of name: String, in entries: [String]) -> String? {
    let start = name + "="
    return entries.first { $0.hasPrefix(start) }.map { String($0.dropFirst(start.count)) }
  }
}
