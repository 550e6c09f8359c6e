#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The process groups that this process has started and not yet seen gone, for an end without draining.
public enum LiveGroups {
  /// Ids of the groups.
  private static let groups = Guarded<[Int32]>([])

  /// Sends SIGKILL to all of them: called when the process ends at once, so that no child outlives it.
  public static func killAll() {
    for group in groups.withLock({ $0 }) { _ = kill(-group, SIGKILL) }
  }

  /// A group was started.
  static func onStarted(_ group: Int32) { groups.withLock { $0.append(group) } }

  /// A group is gone; called before its leader's id can be another's.
  static func onGone(_ group: Int32) { groups.withLock { $0.removeAll { $0 == group } } }
}
