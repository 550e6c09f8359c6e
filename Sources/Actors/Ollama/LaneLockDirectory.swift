#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Where the locks of the retrain lanes lie: the same place for every program on the host that talks to the same
/// Ollama server, whatever its state directory.
public enum LaneLockDirectory {
  /// For all users of the host.
  static let hostWide = "/run/lock"
  /// For all users too, where there is no `/run/lock`. Not `$TMPDIR`, which differs from session to session.
  static let temporary = "/tmp"

  /// The directory: `/run/lock` where it may be written, else `$XDG_RUNTIME_DIR`, else the temporary directory.
  ///
  /// - Parameter environment: looks a variable up; only the main program reads the environment itself.
  public static func path(environment: (String) -> String?) -> String {
    path(hostWide: hostWide, environment: environment)
  }

  /// The lock's file for a server. Spellings of the same server give the same file.
  ///
  /// - Parameter endpoint: what `OLLAMA_HOST` or the configuration says: `http://127.0.0.1:11434`, `localhost`, `:11434`.
  public static func laneLockPath(endpoint: String, environment: (String) -> String?) -> String {
    "\(path(environment: environment))/\(fileName(endpoint: endpoint))"
  }

  /// With another place instead of `/run/lock`, for tests.
  static func path(hostWide: String, environment: (String) -> String?) -> String {
    let runtime = environment("XDG_RUNTIME_DIR")
    for candidate in [hostWide, runtime ?? "", temporary, environment("TMPDIR") ?? ""]
    where candidate.hasPrefix("/") && isWritableDirectory(candidate) {
      return withoutSlash(candidate)
    }
    return temporary
  }

  /// The lock's name: a hash, because an address has characters that a file name cannot have.
  static func fileName(endpoint: String) -> String {
    let hash = String(fnv1a(normalised(endpoint)), radix: 16)
    return "retraind-lane-\(String(repeating: "0", count: 16 - hash.count))\(hash).lock"
  }

  /// `scheme://host:port/path` with everything that does not matter taken out: case, quotes and spaces around it, user
  /// names, default ports, trailing slashes, and the many names of this machine. Two servers behind one that differ
  /// in the case of a path would share a lock, which only makes one wait for the other.
  static func normalised(_ endpoint: String) -> String {
    var text = Substring(endpoint.lowercased())
    let around: (Character) -> Bool = { $0.isWhitespace || $0 == "\"" || $0 == "'" }
    text = text.drop(while: around)
    while let last = text.last, around(last) { text.removeLast() }
    var scheme: Substring = "http"
    var port = "11434"
    if let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") {
      scheme = text[..<colon]
      text = text[colon...].dropFirst(3)
      port = scheme == "https" ? "443" : "80"
    }
    var path: Substring = ""
    if let slash = text.firstIndex(of: "/") {
      path = text[slash...]
      text = text[..<slash]
    }
    while path.hasSuffix("/") { path.removeLast() }
    if let at = text.lastIndex(of: "@") { text = text[text.index(after: at)...] }
    var host = text
    if text.hasPrefix("["), let bracket = text.firstIndex(of: "]") {
      host = text[text.index(after: text.startIndex)..<bracket]
      text = text[text.index(after: bracket)...]
      if text.hasPrefix(":"), let number = UInt16(text.dropFirst()) { port = String(number) }
    } else if text.count(where: { $0 == ":" }) == 1, let colon = text.firstIndex(of: ":") {
      host = text[..<colon]
      // A port that is none: Ollama warns and takes its own.
      port = UInt16(text[text.index(after: colon)...]).map { String($0) } ?? port
    }
    if host.hasSuffix(".") { host.removeLast() }
    if ["", "localhost", "0.0.0.0", "::", "::1"].contains(host) || host.hasPrefix("127.") { host = "127.0.0.1" }
    return "\(scheme)://\(host):\(port)\(path)"
  }

  /// FNV-1a, 64 bits: stable for ever, which Swift's own hashes are not.
  static func fnv1a(_ text: String) -> UInt64 {
    text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
  }

  private static func isWritableDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR && access(path, W_OK | X_OK) == 0
  }

  private static func withoutSlash(_ path: String) -> String {
    var path = path
    while path.count > 1 && path.hasSuffix("/") { path.removeLast() }
    return path
  }
}
