public import Supervision

/// What a start of a scripted child did, as a value.
public enum ChildEvent: Sendable, Hashable {
  /// A start has begun.
  case began(id: String, generation: UInt64)
  /// A start says that it is ready.
  case ready(id: String, generation: UInt64)
  /// A start gives a sign of life.
  case beat(id: String, generation: UInt64)
  /// A start notes something.
  case step(id: String, generation: UInt64, text: String)
  /// A start ends.
  case ended(id: String, generation: UInt64, end: ChildEnd)
  /// Two starts of one child are at work, or one comes twice or too late.
  case violation(id: String, text: String)
}

/// How a start of a scripted child ends.
public enum ChildEnd: Sendable, Hashable {
  /// It returns.
  case returned
  /// It says that there is nothing to do, and returns.
  case declined
  /// It throws `CancellationError`.
  case cancelled
  /// It throws `ChildShutdown`.
  case shutDown
  /// It throws `ScriptedFailure` with this text.
  case failed(String)
}

/// The error of a scripted child that fails.
public struct ScriptedFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// What it says.
  public let description: String

  /// Makes an error.
  public init(_ description: String = "scripted failure") { self.description = description }
}

/// One thing that happened in a simulation, with the time.
public struct TraceEntry: Sendable, Hashable, CustomStringConvertible {
  /// What happened.
  public enum Content: Sendable, Hashable {
    /// A scripted child did something.
    case child(ChildEvent)
    /// A supervisor or a pool told something.
    case supervisor(SupervisorEvent)
    /// The test itself noted something.
    case note(String)
  }

  /// The time since the clock's start.
  public let time: Duration
  /// What happened.
  public let content: Content

  /// Makes an entry.
  public init(time: Duration, _ content: Content) {
    self.time = time
    self.content = content
  }

  /// On one line, for people.
  public var description: String {
    switch content {
    case .child(let event): "\(time) child \(event)"
    case .supervisor(let event): "\(time) told \(event)"
    case .note(let text): "\(time) -- \(text)"
    }
  }
}

/// Everything that happened in a simulation, in order.
public typealias Trace = EventRecorder<TraceEntry>
