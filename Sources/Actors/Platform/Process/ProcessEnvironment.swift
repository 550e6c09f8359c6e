import CShims

/// The environment that this process was started with.
public enum ProcessEnvironment {
  /// The variables by name; of a name that stands twice the first counts, as for `getenv`.
  public static func current() -> [String: String] {
    var found: [String: String] = [:]
    for entry in entries() {
      let bytes = entry.utf8
      guard let end = bytes.firstIndex(of: UInt8(ascii: "=")) else { continue }
      let name = String(entry[..<end])
      if found[name] == nil { found[name] = String(entry[bytes.index(after: end)...]) }
    }
    return found
  }

  /// The variables as `NAME=value`, in the order of the process.
  static func entries() -> [String] {
    var entries: [String] = []
    guard var next = retraind_environment() else { return entries }
    while let entry = next.pointee {
      entries.append(String(cString: entry))
      next += 1
    }
    return entries
  }
}
