internal import CShims

/// The process's heap.
public enum Heap {
  /// Keeps to one arena; to be called before there is a second thread.
  public static func useOneArena() { retraind_use_one_arena() }
  /// Gives nothing back before the end: for commands, which end soon; not for a daemon.
  public static func keep() { retraind_keep_heap() }
}
