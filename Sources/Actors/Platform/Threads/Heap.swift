internal import CShims

/// The process's heap.
public enum Heap {
  /// Keeps to one arena; to be called before there is a second thread.
  public static func useOneArena() { retraind_use_one_arena() }
}
