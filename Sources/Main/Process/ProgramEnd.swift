import Platform

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Exit codes that scripts and service managers rely on.
enum ExitCode {
  /// Done; a daemon has drained.
  static let success: Int32 = 0
  /// A check or command failed.
  static let failure: Int32 = 3
  /// Wrong words on the command line (sysexits EX_USAGE).
  static let usage: Int32 = 64
  /// There is nothing to work on: no state, no daemon (EX_UNAVAILABLE).
  static let unavailable: Int32 = 69
  /// A fault of the program itself (EX_SOFTWARE).
  static let software: Int32 = 70
  /// Another instance is at work; try again later (EX_TEMPFAIL).
  static let temporary: Int32 = 75
  /// A file or directory may not be used (EX_NOPERM).
  static let permission: Int32 = 77
  /// The configuration is wrong (EX_CONFIG).
  static let configuration: Int32 = 78
  /// A second signal forced the end.
  static let forced: Int32 = 130
}

/// Ends the process at once with what is buffered written, and with it every child: other threads may still run, so no
/// exit handler does.
func endProgram(_ code: Int32) -> Never {
  LiveGroups.killAll()
  fflush(nil)
  _exit(code)
}
