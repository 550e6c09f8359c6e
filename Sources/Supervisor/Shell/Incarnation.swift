import Synchronization

/// What an incarnation tells, and where it asks.
protocol IncarnationHost: AnyObject, Sendable {
  /// The clock of the supervisor.
  var clock: SupervisionClock { get }
  /// False once the supervisor itself was replaced or abandoned.
  var isCurrent: Bool { get }
  /// Open until the supervisor has stopped.
  var lifespan: Fence { get }
  /// The start is complete.
  func incarnationIsReady(_ incarnation: Incarnation, info: (any Sendable)?)
  /// The body has returned, or thrown.
  ///
  /// - Parameter next: the place of a further start on the child's task, which this is called on; nil where that has had
  ///   enough.
  /// - Returns: the start that it is to go on with; nil where it is to end.
  func incarnationHasEnded(_ incarnation: Incarnation, error: (any Error)?, next: TaskSeries?) -> Incarnation?
}

/// One start of a child: its fence, its readiness and its signs of life, shared by the supervisor and the context.
final class Incarnation: Sendable {
  /// What has happened to a start, as bits.
  private struct Flags {
    /// It has been ready.
    static let ready: UInt8 = 1
    /// It has declined to start.
    static let declined: UInt8 = 2
    /// It was asked to stop.
    static let stopping: UInt8 = 4
    /// It was replaced or abandoned, or has ended.
    static let fenced: UInt8 = 8
  }

  /// The child's id.
  let id: String
  /// Which child.
  let key: ChildKey
  /// Which start of it.
  let generation: UInt64
  /// Whose child it is.
  let host: any IncarnationHost
  /// Its place among the starts of its task.
  private let series: TaskSeries
  /// What is to be run; nil once it is. A task that goes on with a later start must not keep the code of an earlier one.
  /// No lock protects it: whoever makes it writes it before the task has it, and then only the task touches it.
  private nonisolated(unsafe) var body: ChildSpec.Body?
  /// What has happened.
  private let flags = Atomic<UInt8>(0)
  /// The last sign of life in nanoseconds on the supervisor's clock.
  private let sign = Atomic<Int64>(0)

  /// Makes the incarnation of a start.
  init(
    id: String, key: ChildKey, generation: UInt64, host: any IncarnationHost, series: TaskSeries = TaskSeries(),
    body: ChildSpec.Body? = nil
  ) {
    self.id = id
    self.key = key
    self.generation = generation
    self.host = host
    self.series = series
    self.body = body
  }

  /// What is to be run, once.
  func takeBody() -> ChildSpec.Body? {
    defer { body = nil }
    return body
  }

  /// Tells that the start is complete; only the first call counts, and none after it has declined.
  func ready(_ info: (any Sendable)?) {
    let before = flags.bitwiseOr(Flags.ready, ordering: .acquiringAndReleasing).oldValue
    guard before & (Flags.ready | Flags.declined) == 0 else { return }
    host.incarnationIsReady(self, info: info)
  }

  /// Tells that the body has returned, or thrown; gives the start that the task goes on with.
  @inline(never)
  func ended(_ error: (any Error)?) -> Incarnation? {
    // A start that fails often fails at once, and there is no hurry with its next try.
    let next = hasBeenReady ? series.next(on: host.clock) : nil
    return host.incarnationHasEnded(self, error: error, next: next)
  }

  /// Notes that the child has nothing to do. One that was ready has.
  func decline() {
    guard flags.load(ordering: .acquiring) & Flags.ready == 0 else { return }
    flags.bitwiseOr(Flags.declined, ordering: .acquiringAndReleasing)
  }

  /// Notes a sign of life.
  func beat() { sign.store(host.clock.now().inNanoseconds, ordering: .relaxed) }

  /// When it last gave a sign of life.
  var lastSign: Duration { .nanoseconds(sign.load(ordering: .relaxed)) }

  /// True once it has been ready.
  private var hasBeenReady: Bool { flags.load(ordering: .acquiring) & Flags.ready != 0 }

  /// True once it has declined, and was not ready before.
  var hasDeclined: Bool { flags.load(ordering: .acquiring) & Flags.declined != 0 }

  /// True once it was asked to stop.
  var isShuttingDown: Bool { flags.load(ordering: .acquiring) & Flags.stopping != 0 }

  /// False once the start has been replaced or abandoned, or has ended, or the supervisor itself has.
  var isCurrent: Bool { flags.load(ordering: .acquiring) & Flags.fenced == 0 && host.isCurrent }

  /// Notes that it was asked to stop.
  func askToStop() { flags.bitwiseOr(Flags.stopping, ordering: .acquiringAndReleasing) }

  /// From here on every effect of this start is to be refused.
  func fence() { flags.bitwiseOr(Flags.fenced, ordering: .acquiringAndReleasing) }
}

extension Duration {
  /// In nanoseconds, as far as they fit: 292 years.
  var inNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
  }
}
