import Actors
import Platform
import Rules
import Supervision

/// Tells the service manager how the daemon is; says nothing where none listens.
struct ServiceVoice: Sendable {
  /// How often the status is told where nobody watches.
  static let statusPause: Duration = .seconds(30)
  /// Signs of life within the time that the service manager allows between two.
  static let signsPerWatchdog = 3
  /// Time that is asked for a drain: the graces of all children, with some to spare.
  static let drainTime: Duration = .seconds(75)

  /// Where to tell it.
  private let socket: NotifySocket?

  /// The voice to the service manager that the environment names.
  init(environment: [String: String]) { socket = NotifySocket(environment: environment) }

  /// The daemon is ready.
  func ready(_ monitor: RetrainMonitor) async {
    guard let socket else { return }
    socket.tell(.ready, .status(ServiceStatusLine.text(await monitor.status())))
  }

  /// It could not be started, or gave up.
  func failed(_ reason: String) { socket?.tell(.status(reason)) }

  /// Reads the configuration again, and says before and after that it does: also where the new one is refused.
  func reloading(_ reload: () async -> Void) async {
    socket?.tell(.reloading(monotonicMicroseconds: NotifySocket.monotonicMicroseconds()))
    await reload()
    socket?.tell(.ready)
  }

  /// The drain begins.
  func stopping() {
    let seconds = Self.drainTime.components.seconds
    socket?.tell(.stopping, .extendTimeout(microseconds: seconds * 1_000_000), .status("stopping"))
  }

  /// Tells the status when it has changed, and gives a sign of life where somebody watches, until the task is cancelled.
  ///
  /// The sign comes after the status was put together, for which the supervisor has to take its turn and the journal to
  /// answer: a daemon in which either hangs falls silent.
  func keepTelling(
    clock: SupervisionClock = SupervisionClock(ContinuousClock()), _ status: () async -> StatusReport
  ) async {
    guard let socket else { return }
    let pause = socket.watchdog.map { min($0 / Self.signsPerWatchdog, Self.statusPause) } ?? Self.statusPause
    var last = ""
    while !Task.isCancelled {
      let text = ServiceStatusLine.text(await status())
      if socket.watchdog != nil { socket.tell(.alive) }
      if text != last { socket.tell(.status(text)) }
      last = text
      try? await clock.sleep(for: pause)
    }
  }
}

/// The daemon in one line, for `systemctl status`.
enum ServiceStatusLine {
  /// `2 models, 1 degraded; pulling m:7b, 12 of 27 MB; 1 waiting; next check 2026-11-24T12:05:00Z`
  static func text(_ report: StatusReport) -> String {
    var parts: [String] = []
    let degraded = report.models.count { $0.check.verdict == .degraded }
    let models = "\(report.monitor.models) \(report.monitor.models == 1 ? "model" : "models")"
    parts.append(degraded > 0 ? "\(models), \(degraded) degraded" : models)
    if let run = report.lane.running {
      parts.append("\(run.stage) \(run.model)\(run.progress.map { ", \($0)" } ?? "")")
    }
    if !report.lane.waiting.isEmpty { parts.append("\(report.lane.waiting.count) waiting") }
    if let why = report.journal.unwritable { parts.append("the journal cannot be written: \(why)") }
    if report.outbox.blocked > 0 { parts.append("\(report.outbox.blocked) events blocked") }
    if let next = report.monitor.nextCheck { parts.append("next check \(next)") }
    return parts.joined(separator: "; ")
  }
}
