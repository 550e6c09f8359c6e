/// How a child's task ended, as its shell saw it.
enum ChildExit: Sendable {
  /// The body returned.
  case returned
  /// The body returned after it had declined to start.
  case declined
  /// The body threw.
  case threw(any Error)
  /// A nested supervisor ended: what became of its children, and why it could not go on, if that is so.
  case subtree(StopReport, SupervisorError?)
}

/// Thrown by a child that ends in order though nobody asked it to: it has nothing left to do, or may not go on.
///
/// The child ends with `ChildOutcome.shutdown`, which is no failure: a transient child is not started again.
public struct ChildShutdown: Error, Sendable, Hashable, CustomStringConvertible {
  /// Why, for people.
  public let reason: String

  /// Makes the error.
  public init(_ reason: String = "it has shut itself down") {
    self.reason = reason
  }

  /// For people.
  public var description: String { reason }
}

/// An error as a value: compared by its text, which is made only where somebody reads it.
public struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
  /// The error itself.
  public let underlying: any Error

  /// Wraps an error.
  public init(_ underlying: any Error) {
    self.underlying = underlying
  }

  /// The error on one line, cut to `Defaults.errorTextLimit`.
  public var description: String {
    let text = underlying is CancellationError ? "it was cancelled, though nobody asked it to stop" : "\(underlying)"
    let line = String(text.prefix(Defaults.errorTextLimit).map { $0.isNewline ? " " : $0 })
    return text.count > Defaults.errorTextLimit ? line + "…" : line
  }

  /// Whether the texts are the same.
  public static func == (left: Fault, right: Fault) -> Bool { left.description == right.description }

  /// Hashes the text.
  public func hash(into hasher: inout Hasher) { hasher.combine(description) }
}

/// Why a start was not completed.
public enum StartFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// The body threw before `ready()`.
  case threw(Fault)
  /// The body of a permanent child returned before `ready()`.
  case endedBeforeReady
  /// `ready()` did not come in time.
  case timedOut(after: Duration)
  /// It was asked to stop before it was ready.
  case stopped

  /// The error that the body threw; nil where there was none.
  public var underlying: (any Error)? {
    switch self {
    case .threw(let fault): fault.underlying
    case .endedBeforeReady, .timedOut, .stopped: nil
    }
  }

  /// For people.
  public var description: String {
    switch self {
    case .threw(let fault): "\(fault)"
    case .endedBeforeReady: "it ended before it was ready"
    case .timedOut(let limit): "it was not ready after \(limit.short)"
    case .stopped: "it was asked to stop before it was ready"
    }
  }
}

/// How a child that was ready has ended, or why it did not get that far.
public enum ChildOutcome: Sendable, Hashable, CustomStringConvertible {
  /// It returned by itself.
  case normal
  /// It threw `ChildShutdown`; or it is a nested supervisor that gave up, or ended with a significant child.
  case shutdown
  /// It threw, though nobody had asked it to stop. A `CancellationError` counts as this too.
  case failed(Fault)
  /// Its start was not completed.
  case startFailed(StartFailure)
  /// It was silent for longer than its heartbeat allows, and was stopped for that.
  case unresponsive(after: Duration)
  /// It did not stop when it was asked to, and is not waited for any more.
  case abandoned

  /// The error that the child threw; nil where there was none.
  public var underlying: (any Error)? {
    switch self {
    case .failed(let fault): fault.underlying
    case .startFailed(let failure): failure.underlying
    case .normal, .shutdown, .unresponsive, .abandoned: nil
    }
  }

  /// Whether it is a failure: a transient child is started again after one.
  public var isFailure: Bool {
    switch self {
    case .normal, .shutdown: false
    case .failed, .startFailed, .unresponsive, .abandoned: true
    }
  }

  /// For people.
  public var description: String {
    switch self {
    case .normal: "it ended by itself"
    case .shutdown: "it shut itself down"
    case .failed(let fault): "\(fault)"
    case .startFailed(let failure): "its start failed: \(failure)"
    case .unresponsive(let limit): "it gave no sign of life for \(limit.short)"
    case .abandoned: "it did not stop when it was asked to"
    }
  }
}

/// Why a supervisor gave up.
public enum EscalationCause: Sendable, Hashable, CustomStringConvertible {
  /// One restart more than `intensity` within `period`.
  case restarts(intensity: Int, period: Duration, last: ChildOutcome)
  /// More children than this were abandoned and still run.
  case orphans(limit: Int)

  /// For people.
  public var description: String {
    switch self {
    case .restarts(let intensity, let period, let last):
      "more than \(intensity) restarts within \(period.short); the last time: \(last)"
    case .orphans(let limit):
      "more than \(limit) abandoned children are still running"
    }
  }
}

extension Duration {
  /// The duration for people: `250ms`, `1.5s`, `10m`.
  var short: String {
    let (whole, attoseconds) = components
    let milliseconds = Int64(attoseconds / 1_000_000_000_000_000)
    if whole == 0 { return "\(milliseconds)ms" }
    if whole >= 60, whole % 60 == 0, milliseconds == 0 { return "\(whole / 60)m" }
    guard milliseconds != 0 else { return "\(whole)s" }
    var fraction = "\(1000 + milliseconds.magnitude)".dropFirst()
    while fraction.last == "0" { fraction.removeLast() }
    return "\(whole).\(fraction)s"
  }
}
