/// A reference to a supervised instance that outlives its restarts: it resolves to the current incarnation or to none,
/// never to one that was replaced or abandoned.
public final class Ref<Instance: Sendable>: Sendable {
  /// The id of the child that it refers to, for messages.
  public let id: String
  /// The instance and the start that it belongs to.
  private let entry = Locked<(instance: Instance, context: ChildContext)?>(nil)
  /// Open until the supervisor has stopped that ran the latest instance; nil before the first.
  private let lifespan = Locked<Fence?>(nil)

  /// Makes a reference that resolves to nothing yet.
  public init(_ id: String) {
    self.id = id
  }

  /// The current instance; nil before the first start, between two, and after the last.
  public var current: Instance? {
    entry.withLock { entry in
      guard let entry, entry.context.isCurrent else { return nil }
      return entry.instance
    }
  }

  /// The current instance.
  ///
  /// - Throws: `RefError` where there is none at the moment.
  public func get() throws(RefError) -> Instance {
    guard let current else { throw RefError(id: id, isFinal: lifespan.withLock { $0?.isOpen == false }) }
    return current
  }

  /// Publishes an instance. One of a start that is no longer current, or older than what is there, is not taken.
  func set(_ instance: Instance, for context: ChildContext) {
    entry.withLock { entry in
      guard context.isCurrent else { return }
      if let held = entry, held.context.isCurrent, held.context.generation > context.generation { return }
      entry = (instance, context)
    }
    lifespan.withLock { $0 = context.incarnation.host.lifespan }
  }

  /// Takes the instance of a start back; a newer one stays.
  func clear(for context: ChildContext) {
    // The instance is let go outside the lock: its deinitialiser may be anybody's code.
    let old = entry.withLock { entry -> (instance: Instance, context: ChildContext)? in
      guard let held = entry, held.context.generation == context.generation else { return nil }
      entry = nil
      return held
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
