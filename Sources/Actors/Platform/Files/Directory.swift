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
}
