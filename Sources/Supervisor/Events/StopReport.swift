/// What became of the children when their supervisor stopped.
///
/// Those of nested supervisors are in it under their paths: `web/listener` is the child `listener` of `web`.
public struct StopReport: Sendable, Hashable, CustomStringConvertible {
  /// A child that still runs.
  public struct Unstopped: Sendable, Hashable {
    /// Its path.
    public let id: String
    /// The start that still runs.
    public let generation: UInt64
    /// How long ago it was abandoned.
    public let age: Duration
  }

  /// A child that did not end cleanly when it was asked to.
  public struct Failure: Sendable, Hashable {
    /// Its path.
    public let id: String
    /// What it threw.
    public let fault: Fault
  }

  /// The children that stopped, in the order in which they did.
  public internal(set) var stopped: [String] = []
  /// What was abandoned, now or earlier, and still runs.
  public internal(set) var unstopped: [Unstopped] = []
  /// What threw an error on the way out.
  public internal(set) var failures: [Failure] = []

  /// The significant child whose end stopped the supervisor; nil where it stopped for another reason.
  public internal(set) var endedBy: String?

  /// Takes in how the children of a nested supervisor stopped, under its id. What did not stop is inherited apart.
  mutating func merge(_ other: StopReport, under id: String) {
    stopped += other.stopped.map { "\(id)/\($0)" }
    failures += other.failures.map { Failure(id: "\(id)/\($0.id)", fault: $0.fault) }
  }

  /// True where everything stopped without an error.
  public var isClean: Bool { unstopped.isEmpty && failures.isEmpty }

  /// On one line, for people.
  public var description: String {
    var parts = ["\(stopped.count) stopped"]
    if !unstopped.isEmpty {
      parts.append("still running: " + unstopped.map { "\($0.id)#\($0.generation)" }.joined(separator: ", "))
    }
    if !failures.isEmpty {
      parts.append("with errors: " + failures.map { "\($0.id) (\($0.fault))" }.joined(separator: ", "))
    }
    return parts.joined(separator: "; ")
  }
}
