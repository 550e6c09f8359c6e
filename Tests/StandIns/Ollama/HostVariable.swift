/// `OLLAMA_HOST` as the real program reads it, restricted to this machine.
struct HostVariable: Sendable, Hashable {
  /// The port of the real server.
  static let defaultPort: UInt16 = 11434

  /// The port on 127.0.0.1; nil where the variable names another machine, IPv6, or nothing.
  private(set) var port: UInt16?
  /// What stands after the port, which the real program puts before every path.
  private(set) var prefix = ""
  /// What the program warns of.
  private(set) var warning: String?

  /// Reads the value. Without one the stand-in finds no server, so that it never talks to a real one by accident.
  init(_ value: String?) {
    let trimmed = (value ?? "").split(whereSeparator: { " \"'\t".contains($0) }).first.map(String.init) ?? ""
    guard !trimmed.isEmpty else { return }
    var rest = trimmed[...]
    var port = Self.defaultPort
    if let scheme = rest.firstRange(of: "://") {
      port = rest[..<scheme.lowerBound] == "https" ? 443 : 80
      rest = rest[scheme.upperBound...]
    }
    if let slash = rest.firstIndex(of: "/") {
      prefix = String(rest[slash...])
      while prefix.hasSuffix("/") { prefix.removeLast() }
      rest = rest[..<slash]
    }
    guard !rest.hasPrefix("[") else { return }
    if let colon = rest.lastIndex(of: ":") {
      let text = rest[rest.index(after: colon)...]
      if let number = UInt16(text) {
        port = number
      } else {
        warning = "WARN invalid port, using default port=\(text) default=\(Self.defaultPort)\n"
        port = Self.defaultPort
      }
      rest = rest[..<colon]
    }
    if ["", "localhost", "0.0.0.0"].contains(rest) || rest.hasPrefix("127.") { self.port = port }
  }
}
