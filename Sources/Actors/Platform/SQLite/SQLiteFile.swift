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
    if status(of: path) == 0 { try requireRegular(path: path) }
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, fileMode)
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

  /// Refuses what is there and no file: SQLite would wait on a pipe without end. Looks without opening, because closing
  /// the file would let go of the locks that another connection of this process has on it.
  static func requireRegular(path: String) throws(SQLiteFailure) {
    var information = stat()
    guard stat(path, &information) == 0 else {
      let error = errno
      if error == ENOENT || error == ENOTDIR {
        throw SQLiteFailure(kind: .absent, path: path, description: "\(path): there is no such file.")
      }
      throw failure(.cannotOpen, error, at: path, path: path)
    }
    guard information.st_mode & S_IFMT != S_IFREG else { return }
    throw SQLiteFailure(
      kind: .notADatabase, path: path,
      description: "\(path): this is \(name(of: information.st_mode)), no file. Move it away, or name another place.")
  }

  /// The URI under which SQLite reads a file without making anything beside it: for a file system that is mounted to be
  /// read only, where no lock and no shared memory can be had and nobody writes. nil elsewhere.
  ///
  /// What is committed in the log beside the file is read too. Without one the file is all there is.
  static func unchangingName(of path: String) -> String? {
    let directory = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    guard access(directory, W_OK) != 0, errno == EROFS else { return nil }
    return uri(of: path) + (size(path: path + "-wal") > 0 ? "?vfs=unix-none" : "?immutable=1")
  }

  /// The URI under which SQLite reads a file without making anything beside it because nobody has it open: whoever has,
  /// has a log there. nil where there is one.
  static func nameWithoutTrace(of path: String) -> String? {
    status(of: path + "-wal") == ENOENT ? uri(of: path) + "?immutable=1" : nil
  }

  private static func uri(of path: String) -> String {
    // An empty authority, so that a path which begins with two slashes is not read as one.
    var name = path.hasPrefix("/") ? "file://" : "file:"
    for byte in path.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"):
        name.unicodeScalars.append(Unicode.Scalar(byte))
      default: name += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
      }
    }
    return name
  }

  /// An error number, or 0 where something has that name.
  private static func status(of path: String) -> Int32 { access(path, F_OK) == 0 ? 0 : errno }

  private static func name(of mode: mode_t) -> String {
    switch mode & S_IFMT {
    case S_IFDIR: "a directory"
    case S_IFIFO: "a pipe"
    case S_IFSOCK: "a socket"
    default: "a device"
    }
  }

  /// Size and time of the last change of a file; zeros where there is none.
  static func stamp(path: String) -> SQLiteFileState.Stamp {
    var information = stat()
    guard stat(path, &information) == 0 else { return SQLiteFileState.Stamp() }
    #if canImport(Darwin)
      let time = information.st_mtimespec
    #else
      let time = information.st_mtim
    #endif
    return SQLiteFileState.Stamp(
      size: Int64(information.st_size), seconds: Int64(time.tv_sec), nanoseconds: Int64(time.tv_nsec))
  }

  /// Size of a file in bytes; 0 where there is none.
  static func size(path: String) -> Int64 {
    var information = stat()
    return stat(path, &information) == 0 ? Int64(information.st_size) : 0
  }

  /// The system's words for an error number; nil for 0.
  static func words(for systemError: Int32) -> String? { systemError == 0 ? nil : SystemError.text(systemError) }

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
