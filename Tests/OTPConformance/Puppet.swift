import Supervision
import SupervisionTesting
import Testing

/// A child on strings, as the little servers that OTP's own cases start: its starts succeed, fail or decline as they
/// are told to, and a start that lives ends when and as it is told to.
final class Puppet: Sendable {
  /// What a start comes to.
  enum Start: Sendable {
    /// It lives its life.
    case live
    /// It gives this to `ready(_:)`, and lives its life.
    case info(String)
    /// It declines.
    case decline
    /// It fails.
    case fail(String)
  }

  /// How a start ends that lives.
  enum End: String, Sendable, CaseIterable {
    /// It returns: OTP's `normal`.
    case normal
    /// It shuts itself down: OTP's `shutdown` and `{shutdown, Term}`.
    case shutdown
    /// It fails: any other reason.
    case abnormal
    /// It throws the error of a cancellation that nobody asked for, which is a failure too.
    case cancelled
  }

  /// What the starts to come are like.
  private struct Plan {
    /// The next ones.
    var next: [Start] = []
    /// All after those.
    var rest = Start.live
  }

  /// What it does when it lives.
  let script: ScriptedChild
  /// The starts to come.
  private let plan = Locked(Plan())

  /// Makes a child with a script.
  init(_ script: ScriptedChild) {
    self.script = script
  }

  /// Its id.
  var id: String { script.id }

  /// The number of the start that runs and is not fenced; nil where none does.
  var current: UInt64? { script.current.last }

  /// Says what the starts to come are like.
  func plan(_ next: [Start] = [], then rest: Start = .live) { plan.withLock { $0 = Plan(next: next, rest: rest) } }

  /// Ends the start that runs, and lets everything come to rest.
  func end(_ end: End, on stage: Stage) throws {
    try #require(pull(end), "\(id) does not run")
    try stage.settle()
  }

  /// Ends the start that runs, when its turn comes; false where none runs.
  func pull(_ end: End) -> Bool {
    switch end {
    case .normal: script.tell(.finish)
    case .shutdown, .abnormal: script.tell(.fail(end.rawValue))
    case .cancelled: script.tell(.cancel)
    }
  }

  /// What a supervisor runs.
  var body: ChildSpec.Body {
    { context in
      let start = self.plan.withLock { plan in plan.next.isEmpty ? plan.rest : plan.next.removeFirst() }
      switch start {
      case .live: break
      case .info(let info): context.ready(info)
      case .decline: return context.decline()
      case .fail(let text): throw ScriptedFailure(text)
      }
      do { try await self.script.body(context) } catch let failure as ScriptedFailure
        where failure.description == End.shutdown.rawValue
      { throw ChildShutdown() }
    }
  }

  /// What a supervisor needs to know of it.
  func spec(
    _ restart: RestartType = .permanent, kind: ChildKind = .worker, significant: Bool = false,
    shutdown: Shutdown = .grace(.seconds(1)), startTimeout: Duration? = nil, heartbeat: Duration? = nil,
    backoff: Backoff? = nil
  ) -> ChildSpec {
    ChildSpec(
      id: id, kind: kind, restart: restart, significant: significant, shutdown: shutdown, startTimeout: startTimeout,
      heartbeat: heartbeat, backoff: backoff, body: body)
  }
}

extension [Puppet] {
  /// What a supervisor needs to know of them.
  func specs(_ restart: RestartType = .permanent) -> [ChildSpec] { map { $0.spec(restart) } }

  /// The numbers of the starts that run: the identities of OTP's processes.
  var current: [UInt64?] { map(\.current) }
}
