import Synchronization

/// Tells whether effects are still wanted; closed once, for good.
final class Fence: Sendable {
  /// True until it is closed.
  private let open = Atomic(true)

  /// False once it was closed.
  var isOpen: Bool { open.load(ordering: .acquiring) }

  /// From here on every effect is to be refused.
  func close() { open.store(false, ordering: .releasing) }
}
