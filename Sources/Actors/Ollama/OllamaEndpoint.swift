/// Where an Ollama server is, read from `OLLAMA_HOST` in every form that Ollama takes.
public struct OllamaEndpoint: Sendable, Hashable {
  /// The port that goes without saying.
  public static let defaultPort = 11434
  /// Bytes of an address.
  public static let maximumLength = 2048

  /// `http` or `https`.
  public let scheme: String
  /// Name or address to connect to, in lower case; IPv6 without brackets.
  public let host: String
  /// The port.
  public let port: Int
  /// Empty, or from the slash on without one at the end.
  public let path: String
  /// What was not as it should be, for people.
  public let warnings: [String]

  /// The server on this machine.
  public static let standard = OllamaEndpoint(scheme: "http", host: "127.0.0.1", port: defaultPort)

  /// Makes an endpoint of its parts.
  private init(scheme: String, host: String, port: Int, path: String = "", warnings: [String] = []) {
    self.scheme = scheme
    self.host = host
    self.port = port
    self.path = path
    self.warnings = warnings
  }

  /// Reads an address: `host`, `host:port`, `:port`, `http(s)://...[/path]`; nothing is the server on this machine.
  public init(_ text: String) throws(OllamaEndpointFailure) {
    let trimmed = Self.trimmed(text)
    guard trimmed.utf8.count <= Self.maximumLength, trimmed.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      throw OllamaEndpointFailure("it is too long, or has blanks or other characters that addresses cannot hold")
    }
    var rest = trimmed
    var scheme = "http"
    var defaultPort = Self.defaultPort
    if let range = Self.schemeEnd(in: rest) {
      scheme = rest[..<range.name].lowercased()
      rest = rest[range.rest...]
      switch scheme {
      case "http": defaultPort = 80
      case "https": defaultPort = 443
      default: throw OllamaEndpointFailure("\"\(ServerText.printable(scheme, limit: 20))\" is neither http nor https")
      }
    } else if rest == "ollama.com" {
      scheme = "https"
      defaultPort = 443
    }
    let slash = rest.firstIndex(of: "/") ?? rest.endIndex
    var path = rest[slash...]
    let authority = rest[..<slash]
    guard !authority.contains("@") else {
      throw OllamaEndpointFailure("it holds a user or a password, which Ollama does not take")
    }
    guard !trimmed.contains(where: { "?#\\".contains($0) }) else {
      throw OllamaEndpointFailure("it has a ?, # or \\")
    }
    while path.last == "/" { path = path.dropLast() }
    let (name, portText) = try Self.split(authority)
    let host = try Self.connectable(name)
    var warnings: [String] = []
    var port = defaultPort
    if let portText {
      if let number = Int(portText), (1...65_535).contains(number), portText.allSatisfy({ $0.isNumber }) {
        port = number
      } else {
        let shown = ServerText.printable(String(portText), limit: 20)
        warnings.append("\"\(shown)\" is no port (1 to 65535); using \(defaultPort)")
      }
    }
    self.init(scheme: scheme, host: host, port: port, path: String(path), warnings: warnings)
  }

  /// What requests begin with: `http://127.0.0.1:11434`, without a slash at the end.
  public var url: String { "\(scheme)://\(bracketed):\(port)\(path)" }

  /// For status and log; an endpoint holds no secret.
  public var display: String { url }

  /// The same for every way of writing the same server: for the names of locks. Every name of this machine is one.
  public var normalised: String {
    let loopback = host == "localhost" || host == "::1" || host.hasPrefix("127.") && OllamaAddress.isIPv4(host)
    return "\(loopback ? "127.0.0.1" : bracketed):\(port)\(path)"
  }

  /// The host as URLs write it.
  private var bracketed: String {
    // The % of a zone is written as %25.
    host.contains(":") ? "[\(host.split(separator: "%", maxSplits: 1).joined(separator: "%25"))]" : host
  }

  /// Without blanks and quotes around it, as Ollama does it.
  private static func trimmed(_ text: String) -> Substring {
    func trim(_ text: Substring, _ characters: String) -> Substring {
      var text = text
      while let first = text.first, characters.contains(first) { text = text.dropFirst() }
      while let last = text.last, characters.contains(last) { text = text.dropLast() }
      return text
    }
    let blanks = " \t\r\n"
    return trim(trim(trim(text[...], blanks), "\"'"), blanks)
  }

  /// Where `://` begins and ends.
  private static func schemeEnd(in text: Substring) -> (name: Substring.Index, rest: Substring.Index)? {
    guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { return nil }
    return (colon, text.index(colon, offsetBy: 3))
  }

  /// Host and port, where there is a colon for one.
  private static func split(_ text: Substring) throws(OllamaEndpointFailure) -> (Substring, Substring?) {
    if text.first == "[" {
      guard let close = text.firstIndex(of: "]") else { throw OllamaEndpointFailure("a ] is missing") }
      let rest = text[text.index(after: close)...]
      guard rest.isEmpty || rest.first == ":" else { throw OllamaEndpointFailure("after ] comes neither : nor /") }
      let name = text[..<close].dropFirst()
      guard name.contains(":") else { throw OllamaEndpointFailure("what stands in [ ] is no IPv6 address") }
      return (name, rest.isEmpty ? nil : rest.dropFirst())
    }
    // More than one colon without brackets is an IPv6 address alone.
    guard let colon = text.lastIndex(of: ":"), text.firstIndex(of: ":") == colon else { return (text, nil) }
    return (text[..<colon], text[text.index(after: colon)...])
  }

  /// What a client connects to for a host that servers write.
  private static func connectable(_ name: Substring) throws(OllamaEndpointFailure) -> String {
    let host = name.lowercased()
    if host.isEmpty || host == "0.0.0.0" { return "127.0.0.1" }
    if host.contains(":") {
      let zone = host.firstIndex(of: "%") ?? host.endIndex
      guard let address = OllamaAddress.canonicalIPv6(String(host[..<zone])) else {
        throw OllamaEndpointFailure("\"\(ServerText.printable(host, limit: 60))\" is no IPv6 address")
      }
      return address == "::" ? "::1" : address + host[zone...]
    }
    let isName = host.utf8.allSatisfy { byte in
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || "-._".utf8.contains(byte)
    }
    guard isName, host.first != "-", host.first != "." else {
      throw OllamaEndpointFailure("\"\(ServerText.printable(host, limit: 60))\" is no name of a host")
    }
    return host
  }
}

/// An address of an Ollama server that cannot be used. Does not show it: it may hold a password.
public struct OllamaEndpointFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// For people.
  public var description: String

  /// Makes a failure.
  init(_ why: String) {
    description =
      "the address of the Ollama server cannot be used: \(why); "
      + "write host, host:port, :port or http(s)://host[:port][/path], for example 127.0.0.1:11434"
  }
}
