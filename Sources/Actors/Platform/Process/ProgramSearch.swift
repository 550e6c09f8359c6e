#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Finds a program as a shell would, and says what is wrong where there is none.
public enum ProgramSearch {
  /// Where to look when the environment has no PATH.
  static let defaultPath = "/usr/local/bin:/usr/bin:/bin"

  /// The file to start. A name with a slash is taken as it is; empty and relative parts of PATH are left out, so that
  /// the working directory never decides which program runs.
  public static func file(of program: String, path: String?) throws(ProcessFailure) -> String {
    if program.isEmpty { throw ProcessFailure(code: ENOENT, "no program is named: give its name or its absolute path") }
    if program.utf8.contains(UInt8(ascii: "/")) { return program }
    var refused: String?
    let path = path ?? defaultPath
    for part in path.split(separator: ":") where part.hasPrefix("/") {
      let candidate = "\(part)/\(program)"
      guard isFile(candidate) else { continue }
      if access(candidate, X_OK) == 0 { return candidate }
      if refused == nil { refused = candidate }
    }
    if let refused {
      throw ProcessFailure(code: EACCES, "\(refused) may not be executed: check its mode (chmod +x) and its owner")
    }
    throw ProcessFailure(
      code: ENOENT, "\(program) was not found in PATH (\(path)): install it, or give its absolute path")
  }

  /// Why a program could not be started, without the whole PATH; nil where nothing speaks against it. `ENOENT` where
  /// it is missing.
  public static func problem(of program: String, path: String?) -> ProcessFailure? {
    let file: String
    do throws(ProcessFailure) {
      file = try self.file(of: program, path: path)
    } catch {
      return error.code == ENOENT ? ProcessFailure(code: ENOENT, "\(program) was not found in PATH") : error
    }
    switch kind(of: file) {
    case 0 where access(file, F_OK) != 0 && (errno == EACCES || errno == EPERM):
      return ProcessFailure(code: EACCES, "\(file) lies in a directory that this user may not enter")
    case 0: return ProcessFailure(code: ENOENT, "there is no file \(file)")
    case S_IFDIR: return ProcessFailure(code: EACCES, "\(file) is a directory")
    default:
      if access(file, X_OK) == 0 { return nil }
      return ProcessFailure(code: EACCES, "\(file) may not be executed: check its mode (chmod +x) and its owner")
    }
  }

  /// Why a program that was found did not start.
  static func failure(_ code: Int32, starting file: String, directory: String?) -> ProcessFailure {
    if let directory, !isDirectory(directory) {
      return ProcessFailure(
        code: code, "\(file) was not started: its working directory \(directory) is missing or no directory")
    }
    let remedy =
      switch code {
      case ENOENT where isFile(file): "the interpreter that its first line names, or its loader, is missing"
      case ENOENT: "there is no such file; check the path"
      case EACCES: "it may not be executed; check its mode (chmod +x), its owner, and a noexec mount"
      case ENOEXEC: "it is no program for this machine, or a script without a first line such as #!/bin/sh"
      case E2BIG: "its arguments and environment are too long together"
      case EAGAIN, ENOMEM: "the system has no room for another process; look at ulimit -u and free memory"
      case EMFILE, ENFILE: "too many files are open; look at ulimit -n"
      default: SystemError.text(code)
      }
    return ProcessFailure(code: code, "\(file) was not started: \(remedy)")
  }

  private static func isFile(_ path: String) -> Bool { kind(of: path) == S_IFREG }
  private static func isDirectory(_ path: String) -> Bool { kind(of: path) == S_IFDIR }

  /// The type bits of what a path leads to; 0 where it leads nowhere.
  private static func kind(of path: String) -> mode_t {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & S_IFMT : 0
  }
}
