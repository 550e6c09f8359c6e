#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// This process.
public enum ProcessIdentity {
  /// Its id.
  public static func current() -> Int32 { getpid() }
}
