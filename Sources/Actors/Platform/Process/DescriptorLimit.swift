#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How many files this process may have open.
public enum DescriptorLimit {
  /// Enough for the journal, the log, a full control socket, requests and children at once.
  public static let wanted = 512

  /// Below this even one run gets stuck: database, log, locks, socket, library and connection are open at once.
  public static let needed = 32

  /// What to tell somebody whose limit is below `needed`; nil where it is not.
  public static func problem(limit: Int) -> String? {
    guard limit < needed else { return nil }
    return "this process may open only \(limit) files at once (ulimit -n), and needs \(needed): raise the limit"
  }

  /// Raises the soft limit to `wanted`, or as far as the hard one allows.
  ///
  /// - Returns: the limit now.
  @discardableResult
  public static func raise() -> Int {
    var limit = rlimit()
    #if canImport(Glibc)
      let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
      let resource = RLIMIT_NOFILE
    #endif
    guard getrlimit(resource, &limit) == 0 else { return 0 }
    let goal = rlim_t(wanted)
    if limit.rlim_cur < goal {
      limit.rlim_cur = min(goal, limit.rlim_max)
      _ = setrlimit(resource, &limit)
      _ = getrlimit(resource, &limit)
    }
    return Int(clamping: limit.rlim_cur)
  }
}
