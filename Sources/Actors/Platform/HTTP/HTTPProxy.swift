/// How requests leave this machine, as the environment of whoever starts the program says.
public struct HTTPNetwork: Sendable, Hashable {
  /// Whether they go through a proxy.
  public var proxy: HTTPProxy
  /// A file of certificates to trust: `SSL_CERT_FILE`. nil for the system's.
  public var certificates: String?

  /// Straight to the host, or as said.
  public init(proxy: HTTPProxy = .none, certificates: String? = nil) {
    self.proxy = proxy
    self.certificates = certificates
  }

  /// Keeps what an environment says of it; an empty variable counts as absent.
  public init(environment: [String: String]) {
    let said = environment.filter { !$0.value.isEmpty }
    proxy = .variables(said.filter { HTTPProxy.names.contains($0.key) })
    certificates = said["SSL_CERT_FILE"]
  }
}

/// Whether requests go through a proxy. Requests to this machine never do.
///
/// Its text shows no value: they may hold a password.
public enum HTTPProxy: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
  /// Straight to the host.
  case none
  /// As variables of this name say: `https_proxy`, `no_proxy`, ...
  case variables([String: String])
  /// Through this one, `http://proxy:3128`.
  case url(String)

  /// The variables that are looked at. `HTTP_PROXY` is not: in a CGI a client can set it.
  static let names: Set<String> = [
    "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
  ]

  /// Never a value.
  public var description: String {
    switch self {
    case .none: "none"
    case .variables: "variables"
    case .url: "url"
    }
  }

  /// Never a value.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }

  /// The proxy that stands before a URL; nil for none.
  func chosen(for url: String) -> ChosenProxy? {
    guard let address = HTTPAddress(url), !address.isLoopback else { return nil }
    switch self {
    case .none: return nil
    case .url(let proxy): return ChosenProxy(url: proxy, host: address.host)
    case .variables(let variables):
      let scheme = address.scheme == "https" ? ["https_proxy", "HTTPS_PROXY"] : ["http_proxy"]
      guard let name = (scheme + ["all_proxy", "ALL_PROXY"]).first(where: { variables[$0] != nil }),
        let proxy = variables[name]
      else { return nil }
      return ChosenProxy(
        url: proxy, variable: name, exceptions: variables["no_proxy"] ?? variables["NO_PROXY"] ?? "",
        host: address.host)
    }
  }
}

/// The proxy that stands before one request.
struct ChosenProxy: Sendable {
  /// As it was written, perhaps with a password: for curl alone.
  var url: String
  /// The variable that names it; nil where none does.
  var variable: String?
  /// The hosts that need none, as `no_proxy` lists them.
  var exceptions = ""
  /// Where the request goes.
  var host: String

  /// Bytes of it that are shown.
  private static let longestShown = 200

  /// The proxy in words, without its credentials: `the proxy http://127.0.0.1:3128 of https_proxy`.
  var name: String { "the proxy \(shown)" + (variable.map { " of \($0)" } ?? "") }

  /// What to do where it does not work.
  var advice: String {
    variable.map { "correct or unset \($0), or add \(host) to no_proxy" } ?? "correct its address"
  }

  /// Whether the host is an exception, as far as that decides about words: curl itself decides about requests. Of a
  /// range of addresses it is taken to be.
  var isPassedBy: Bool {
    let isAddress = host.contains(":") || host.allSatisfy { $0.isNumber || $0 == "." }
    return exceptions.lowercased().split { $0 == "," || $0 == " " }.contains { entry in
      if entry == "*" || entry == host || entry == "[\(host)]" { return true }
      if isAddress { return entry.contains("/") }
      let domain = entry.drop { $0 == "." }
      return host == domain || (!domain.isEmpty && host.hasSuffix(".\(domain)"))
    }
  }

  /// Scheme, host and port. A password may hold any character, so what counts is the last `@`.
  private var shown: String {
    let mark = url.firstRange(of: "://")
    let scheme = mark.map { url[..<$0.lowerBound] } ?? "http"
    var rest = mark.map { url[$0.upperBound...] } ?? url[...]
    if let at = rest.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
    let text = "\(scheme)://\(rest.prefix { !"/?#".contains($0) })".utf8.prefix(Self.longestShown)
    return String(decoding: text.map { $0 > 0x20 && $0 < 0x7f ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
  }
}
