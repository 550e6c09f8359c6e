internal import Actors
internal import Ollama

/// The shape of endpoints: what can be seen to be wrong without connecting anywhere.
enum EndpointCheck {
  /// Ollama's host: `host`, `host:port`, `:port`, or a URL with `http` or `https`. An address of version 6 without
  /// its brackets gets them.
  static func host(_ text: String) throws(FieldProblem) -> String {
    let host = try check(text, example: "http://127.0.0.1:11434", mayLackScheme: true)
    do throws(OllamaEndpointFailure) {
      // Whoever connects has the last word: what it refuses must be told here and not when the daemon starts.
      _ = try OllamaEndpoint(host)
    } catch {
      throw FieldProblem(message: error.description)
    }
    return host
  }

  /// A URL of a project; a slash at its end is dropped.
  static func url(_ text: String) throws(FieldProblem) -> String {
    var url = try check(text, example: "https://x.supabase.co", mayLackScheme: false)
    while url.hasSuffix("/") { url.removeLast() }
    return url
  }

  /// A receiver of webhooks, with its path as it is.
  static func webhook(_ text: String) throws(FieldProblem) -> String {
    try check(text, example: "https://example.org/hooks/retraind", mayLackScheme: false)
  }

  /// What all have in common. Nothing is repeated of a text that may hold a password.
  private static func check(
    _ text: String, example: String, mayLackScheme: Bool
  ) throws(FieldProblem) -> String {
    let remedy = "write it like \"\(example)\""
    if text.isEmpty { throw FieldProblem(message: "the address is empty", remedy: remedy) }
    if text.utf8.count > FieldLimits.endpointLength {
      throw FieldProblem(message: "the address has more than \(FieldLimits.endpointLength) bytes")
    }
    if text.contains("@") {
      throw FieldProblem(message: "the address holds a user name or a password", remedy: "leave it out")
    }
    if text.unicodeScalars.contains(where: { $0.value <= 0x20 || $0.value == 0x7F || !$0.isASCII }) {
      throw FieldProblem(message: "the address contains white space or characters that no address has", remedy: remedy)
    }
    if text.contains("?") || text.contains("#") {
      throw FieldProblem(message: "the address has a query or a fragment", remedy: "leave it out")
    }
    let shown = PrintableText.clip(text, to: 80)
    var rest = text[...]
    var prefix = ""
    if let end = separator(in: text) {
      let scheme = text[..<end].lowercased()
      guard scheme == "http" || scheme == "https" else {
        throw FieldProblem(message: "\(shown) has the scheme \"\(scheme)\"", remedy: "the schemes are http and https")
      }
      prefix = scheme + "://"
      rest = rest[end...].dropFirst(3)
    } else if !mayLackScheme {
      throw FieldProblem(message: "\(shown) is no URL", remedy: remedy)
    }
    let authority = rest.prefix { $0 != "/" }
    let path = rest.dropFirst(authority.count)
    let checked = try self.authority(authority, shown: shown, mayLackHost: prefix.isEmpty)
    return prefix + checked + path
  }

  /// Where `://` begins.
  private static func separator(in text: String) -> String.Index? {
    var index = text.startIndex
    while index < text.endIndex {
      if text[index...].hasPrefix("://") { return index }
      index = text.index(after: index)
    }
    return nil
  }

  /// Host and port.
  private static func authority(
    _ text: Substring, shown: String, mayLackHost: Bool
  ) throws(FieldProblem) -> String {
    var host = text
    var port: Substring?
    if text.hasPrefix("[") {
      guard let end = text.firstIndex(of: "]") else {
        throw FieldProblem(message: "\(shown) has no closing bracket", remedy: "write it like \"[::1]:11434\"")
      }
      host = text[text.index(after: text.startIndex)..<end]
      let tail = text[text.index(after: end)...]
      guard tail.isEmpty || tail.hasPrefix(":") else {
        throw FieldProblem(message: "\(shown) goes on after the bracket", remedy: "write it like \"[::1]:11434\"")
      }
      if tail.hasPrefix(":") { port = tail.dropFirst() }
      guard isVersion6(host) else { throw badHost(host, shown) }
    } else if text.filter({ $0 == ":" }).count > 1 {
      guard isVersion6(text) else {
        throw FieldProblem(message: "\(shown) has more than one port", remedy: "write it like \"127.0.0.1:11434\"")
      }
      return "[\(text)]"
    } else if let colon = text.firstIndex(of: ":") {
      host = text[..<colon]
      port = text[text.index(after: colon)...]
    }
    if let port {
      guard port.count <= 5, let number = Int(port), (1...65535).contains(number), port.allSatisfy(\.isNumber) else {
        throw FieldProblem(
          message: "\(shown) has the port \"\(port.prefix(20))\"", remedy: "ports are between 1 and 65535")
      }
    }
    if host.isEmpty, !mayLackHost || port == nil { throw FieldProblem(message: "\(shown) names no host") }
    if !text.hasPrefix("[") {
      let isHost = host.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
      guard isHost else { throw badHost(host, shown) }
    }
    return String(text)
  }

  /// Letters of an address of version 6, zone included; only the system can tell the rest.
  private static func isVersion6(_ text: Substring) -> Bool {
    let address = text.prefix { $0 != "%" }
    let zone = text.dropFirst(address.count)
    return address.contains(":") && address.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
      && zone.allSatisfy { $0.isLetter || $0.isNumber || $0 == "%" || $0 == "." || $0 == "-" || $0 == "_" }
  }

  /// A host that is none.
  private static func badHost(_ host: Substring, _ shown: String) -> FieldProblem {
    let name = PrintableText.clip(String(host))
    return FieldProblem(message: "\(shown) names the host \"\(name)\", which is no host name or address")
  }
}
