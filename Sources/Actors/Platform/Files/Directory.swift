#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Makes directories.
public enum Directory {
  /// Mode of a new one: what lies in it is this user's.
  static let mode: mode_t = 0o700

  /// Makes a directory and those above it where they are missing; what exists keeps its mode.
  ///
  /// - Throws: `FileFailure` that names the part of the path that could not be made.
  public static func create(_ path: String) throws(FileFailure) {
    var missing: [String] = []
    var rest = path[...]
    while !rest.isEmpty, access(String(rest), F_OK) != 0 {
      missing.append(String(rest))
      guard let slash = rest.lastIndex(of: "/") else { break }
      rest = rest[..<slash]
    }
    for prefix in missing.reversed() where mkdir(prefix, mode) != 0 && errno != EEXIST {
      throw FileFailure(errno, "created", prefix)
    }
  }

  /// A path from the root; its directory must exist.
  ///
  /// - Throws: `FileFailure` where it does not.
  public static func absolute(_ path: String) throws(FileFailure) -> String {
    if path.hasPrefix("/") { return path }
    let slash = path.lastIndex(of: "/")
    let directory = slash.map { String(path[..<$0]) } ?? "."
    guard let resolved = realpath(directory, nil) else { throw FileFailure(errno, "found", directory) }
    defer { free(resolved) }
    return String(cString: resolved) + "/" + path[(slash.map { path.index(after: $0) } ?? path.startIndex)...]
  }
}
