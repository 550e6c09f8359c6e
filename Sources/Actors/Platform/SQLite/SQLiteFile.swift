#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The database's place on the disk: SQLite would create the file readable for everybody, and no directory at all.
enum SQLiteFile {
  /// Mode of a new database file; SQLite gives `-wal` and `-shm` the same.
  static let fileMode: mode_t = 0o600

  /// Creates the file and the directories above it where they are missing; what exists keeps its mode.
  static func prepare(path: String) throws(SQLiteFailure) {
    if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
      try createDirectory(String(path[..<slash]), for: path)
    }
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, fileMode)
    guard descriptor >= 0 else {
      let error = errno
      let kind: SQLiteFailure.Kind =
        switch error {
        case ENOSPC, EDQUOT: .full
        case EROFS, EACCES, EPERM: .readOnly
        default: .cannotOpen
        }
      throw failure(kind, error, at: path, path: path)
    }
    close(descriptor)
  }

  /// Whether something has that name.
  static func exists(path: String) -> Bool { access(path, F_OK) == 0 }

  /// Size of a file in bytes; 0 where there is none.
  static func size(path: String) -> Int64 {
    var information = stat()
    return stat(path, &information) == 0 ? Int64(information.st_size) : 0
  }

  /// The system's words for an error number; nil for 0.
  static func words(for systemError: Int32) -> String? {
    guard systemError != 0 else { return nil }
    // A buffer of our own: strerror shares one between threads.
    var buffer = [CChar](repeating: 0, count: 256)
    guard strerror_r(systemError, &buffer, buffer.count) == 0 else { return nil }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func createDirectory(_ directory: String, for path: String) throws(SQLiteFailure) {
    do throws(FileFailure) {
      try Directory.create(directory)
    } catch {
      throw failure(error.code == ENOSPC ? .full : .cannotOpen, error.code, at: error.path, path: path)
    }
  }

  private static func failure(
    _ kind: SQLiteFailure.Kind, _ error: Int32, at place: String, path: String
  ) -> SQLiteFailure {
    let what = words(for: error) ?? "unknown error"
    let remedy =
      switch kind {
      case .full: "Free space on its disk."
      case .readOnly: "Give it to the user that runs this (chown), or name another place."
      default: "Check each part of the path, or name another place."
      }
    return SQLiteFailure(
      kind: kind, path: path, description: "\(place): cannot be created or opened: \(what). \(remedy)")
  }
}
