/// The parts of a URL that decide where a request goes and what may be shown of it.
public struct HTTPAddress: Sendable, Hashable {
  /// `http` or `https`.
  public var scheme: String
  /// Name or address, IPv6 without brackets, in lower case.
  public var host: String
  /// The port where the URL names one.
  public var port: String?
  /// From the first slash on, without query and fragment.
  public var path: String

  /// Takes a URL apart; nil where it is none that can be requested.
  public init?(_ url: String) {
    guard url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\\") }) else { return nil }
    var rest = Substring(url)
    if rest.prefix(7).lowercased() == "http://" {
      scheme = "http"
      rest = rest.dropFirst(7)
    } else if rest.prefix(8).lowercased() == "https://" {
      scheme = "https"
      rest = rest.dropFirst(8)
    } else {
      return nil
    }
    let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
    var authority = rest[..<end]
    let tail = rest[end...]
    path = String(tail.prefix { $0 != "?" && $0 != "#" })
    if let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
    var named: Substring = ""
    if authority.first == "[" {
      guard let close = authority.firstIndex(of: "]") else { return nil }
      host = authority[..<close].dropFirst().lowercased()
      named = authority[authority.index(after: close)...]
      guard named.isEmpty || named.first == ":" else { return nil }
    } else {
      let colon = authority.firstIndex(of: ":") ?? authority.endIndex
      host = authority[..<colon].lowercased()
      named = authority[colon...]
    }
    named = named.dropFirst()
    guard !host.isEmpty, named.allSatisfy({ $0.isASCII && $0.isNumber }), named.count <= 5 else { return nil }
    if let number = Int(named), number > 65_535 { return nil }
    port = named.isEmpty ? nil : String(named)
  }

  /// True where the host is this machine.
  public var isLoopback: Bool {
    host == "localhost" || host.hasSuffix(".localhost") || host == "::1"
      || (host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." })
  }

  /// The URL without credentials, query and fragment.
  public var display: String { origin + path }

  /// The URL up to its path.
  public var origin: String {
    let shown = host.contains(":") ? "[\(host)]" : host
    return "\(scheme)://\(shown)" + (port.map { ":\($0)" } ?? "")
  }
}

extension HTTPRequest {
  /// What may be shown of the URL: no credentials, no query.
  var displayURL: String { HTTPAddress(url)?.display ?? "the URL" }

  /// Refuses what would be sent as something else than it looks like.
  func check() throws(HTTPFailure) {
    guard HTTPAddress(url) != nil else {
      throw HTTPFailure(
        .invalidURL, "a request has an unusable URL; it must look like http://host:port/path or https://host/path")
    }
    for header in headers {
      let name = header.name.utf8
      guard !name.isEmpty, name.allSatisfy({ $0 > 0x20 && $0 < 0x7f && !":;".utf8.contains($0) }),
        !header.value.utf8.contains(where: { $0 == 0x0d || $0 == 0x0a || $0 == 0 })
      else {
        throw HTTPFailure(
          .other, "\(displayURL): a header of the request has a line break or another character that no header can hold"
        )
      }
    }
  }
}
