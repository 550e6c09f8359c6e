import Platform

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The directory that all state lies in.
enum StateDirectory {
  /// Readable for its owner only: rows and events may be anybody's private matter.
  static let mode: mode_t = 0o700

  /// Makes the directory and those above it. What is wrong with one shows at the lock, which says so in words.
  static func create(_ path: String) {
    var index = path.startIndex
    while let slash = path[index...].firstIndex(of: "/") {
      if slash > path.startIndex { _ = mkdir(String(path[..<slash]), mode) }
      index = path.index(after: slash)
    }
    _ = mkdir(path, mode)
  }
}
