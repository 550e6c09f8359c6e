internal import Platform

/// A project's data API and the key that opens it. Whatever prints it prints no key.
public struct SupabaseEndpoint: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// What kind of key it is: each goes into other headers, and acts in another role.
  public enum KeyKind: Sendable, Hashable {
    /// `sb_secret_…`: the service role.
    case secret
    /// `sb_publishable_…`: the role `anon`.
    case publishable
    /// A JWT, with the role that it names.
    case legacy(role: String)
    /// Nothing that is known; it is sent as the new ones are.
    case unknown
  }

  /// Longest role name that is believed.
  static let maximumRole = 63
  /// Where the API lies below a project's URL.
  static let apiPath = "/rest/v1"

  /// Where tables are, without a slash at the end: `https://x.supabase.co/rest/v1`.
  public let root: String
  /// What kind of key it is.
  public let kind: KeyKind
  /// Never shown.
  private let key: String

  /// Takes the project's URL, with or without `/rest/v1`, and its key.
  public init(url: String, key: String) {
    var base = url
    while base.hasSuffix("/") { base.removeLast() }
    root = base.hasSuffix(Self.apiPath) ? base : base + Self.apiPath
    self.key = key
    kind = Self.kind(of: key)
  }

  /// The project's URL, for people.
  public var description: String { String(root.dropLast(Self.apiPath.count)) }
  /// The same.
  public var debugDescription: String { description }
  /// Hides the key from `dump` and from a debugger's view too.
  public var customMirror: Mirror { Mirror(self, children: ["root": root]) }

  /// The role that statements run in, as a GRANT names it.
  public var role: String {
    switch kind {
    case .secret, .unknown: "service_role"
    case .publishable: "anon"
    case .legacy(let role): role
    }
  }

  /// The headers that open the door. A new key in `Authorization` is refused as a malformed JWT, a browser's
  /// `User-Agent` with a secret key is refused as a leak.
  var headers: [HTTPHeader] {
    var headers = [HTTPHeader("apikey", key)]
    if case .legacy = kind { headers.append(HTTPHeader("Authorization", "Bearer \(key)")) }
    return headers + [HTTPHeader("Accept", "application/json"), HTTPHeader("User-Agent", "retraind")]
  }

  /// A text from the server without the key, should it repeat it.
  func redacted(_ text: String) -> String {
    guard key.utf8.count >= 8 else { return text }
    var rest = text[...]
    var result = ""
    while let range = rest.firstRange(of: key) {
      result += rest[..<range.lowerBound] + "***"
      rest = rest[range.upperBound...]
    }
    return result + rest
  }

  private static func kind(of key: String) -> KeyKind {
    if key.hasPrefix("sb_secret_") { return .secret }
    if key.hasPrefix("sb_publishable_") { return .publishable }
    let parts = key.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, key.hasPrefix("eyJ") else { return .unknown }
    let claims = JSONRows.object(in: Base64URL.decode(parts[1]), keys: ["role"])
    let role = claims?.first?.text ?? ""
    let isName = !role.isEmpty && role.utf8.count <= maximumRole && role.utf8.allSatisfy(isNameByte)
    return .legacy(role: isName ? role : "service_role")
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
    default: false
    }
  }
}

/// Reads the middle of a JWT.
enum Base64URL {
  /// The bytes; what is no letter of the alphabet is passed over.
  static func decode(_ text: Substring) -> [UInt8] {
    var bytes: [UInt8] = []
    var bits: UInt32 = 0
    var count = 0
    for byte in text.utf8 {
      let value: UInt8
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = byte - 65
      case UInt8(ascii: "a")...UInt8(ascii: "z"): value = byte - 71
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte + 4
      case UInt8(ascii: "-"), UInt8(ascii: "+"): value = 62
      case UInt8(ascii: "_"), UInt8(ascii: "/"): value = 63
      default: continue
      }
      bits = bits << 6 | UInt32(value)
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      }
    }
    return bytes
  }
}
