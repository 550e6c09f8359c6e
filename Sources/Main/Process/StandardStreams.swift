#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Standard input, output and error as whoever started the program left them.
enum StandardStreams {
  /// Gives those that are closed to /dev/null: else the next file that is opened takes their number, and what is meant
  /// for standard error ends up in it.
  ///
  /// Standard output gets a descriptor that refuses to be written to, because data that goes nowhere is an error.
  static func fillClosed() {
    for (descriptor, mode) in [(STDIN_FILENO, O_RDONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_WRONLY)]
    where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
      // It takes the lowest free number: this one, since those below it are open by now.
      _ = open("/dev/null", mode)
    }
  }
}
