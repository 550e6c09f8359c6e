/// A reference to a supervised instance that outlives its restarts: it resolves to the current incarnation or to none,
/// never to one that was replaced or abandoned.
public final class Ref<Instance: Sendable>: Sendable {
  /// The id of the child that it refers to, for messages.
  public let id: String
  /// What the lock protects.
  private struct State {
    /// The instance and the start that it belongs to.
    var entry: (instance: Instance, context: ChildContext)?
    /// Open until the supervisor has stopped that ran the latest instance; nil before the first.
    var lifespan: Fence?
  }
  /// The state.
  private let state = Locked(State())

  /// Makes a reference that resolves to nothing yet.
  public init(_ id: String) {
    self.id = id
  }

  /// The current instance; nil before the first start, between two, and after the last.
  public var current: Instance? {
    state.withLock { state in
      guard let entry = state.entry, entry.context.isCurrent else { return nil }
      return entry.instance
    }
  }

  /// The current instance.
  ///
  /// - Throws: `RefError` where there is none at the moment, or none any more.
  public func get() throws(RefError) -> Instance {
    guard let current else { throw RefError(id: id, isFinal: state.withLock { $0.lifespan?.isOpen == false }) }
    return current
  }

  /// Publishes an instance. One of a start that is no longer current, or older than what is there, is not taken.
  func set(_ instance: Instance, for context: ChildContext) {
    // What was there is let go outside the lock: its deinitialiser may be anybody's code.
    let old = state.withLock { state -> (instance: Instance, context: ChildContext)? in
      guard context.isCurrent else { return nil }
      let old = state.entry
      if let old, old.context.isCurrent, old.context.generation > context.generation { return nil }
      state.entry = (instance, context)
      state.lifespan = context.incarnation.host.lifespan
      return old
    }
    _ = old
  }

  /// Takes the instance of a start back; a newer one stays.
  func clear(for context: ChildContext) {
    let old = state.withLock { state -> (instance: Instance, context: ChildContext)? in
      // Not by its number: the first start under a fresh nested supervisor has the same one as that under the last.
      guard let old = state.entry, old.context.incarnation === context.incarnation else { return nil }
      state.entry = nil
      return old
    }
    _ = old
  }
}

/// The instance behind a reference is not running.
public struct RefError: Error, Hashable, CustomStringConvertible {
  /// The child's id.
  public let id: String
  /// True where its supervisor has stopped: it does not come back, unless that supervisor is itself restarted.
  public let isFinal: Bool

  /// Makes the error for a child.
  public init(id: String, isFinal: Bool = false) {
    self.id = id
    self.isFinal = isFinal
  }

  /// For people.
  public var description: String {
    isFinal
      ? "\(id) is not running: its supervisor has stopped"
      : "\(id) is not running at the moment: its supervisor is starting or restarting it, or is stopping; try again shortly"
  }
}
