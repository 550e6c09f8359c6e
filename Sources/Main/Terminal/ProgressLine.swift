import Actors
import Platform

/// Shows how far a run is: a bar that is redrawn on a terminal, a line for each new stage elsewhere.
final class ProgressLine: Sendable {
  private struct State {
    var stage = ""
    var isDrawn = false
    var tenths = -1
  }
  private let state = Guarded(State())
  private let terminal: Terminal

  /// Writes to the terminal's standard error.
  init(_ terminal: Terminal) { self.terminal = terminal }

  /// A moment of the run.
  func show(_ run: StatusReport.Lane.Run) {
    state.withLock { state in
      let stage = run.progress ?? run.stage
      let fraction = Self.fraction(run)
      if terminal.hasProgress {
        terminal.write("\r\u{1B}[K\(Self.line(stage.shownText, run, fraction))", to: 2)
        state.isDrawn = true
        return
      }
      // Off a terminal a line for each stage and each tenth of a layer, so that a log stays readable.
      let tenths = fraction.map { Int($0 * 10) } ?? -1
      guard stage != state.stage || tenths > state.tenths else { return }
      state.stage = stage
      state.tenths = tenths
      terminal.say(Self.line(stage.shownText, run, fraction))
    }
  }

  /// Leaves the last state of the bar on a line of its own.
  func end() {
    state.withLock { state in
      if state.isDrawn { terminal.write("\n", to: 2) }
      state.isDrawn = false
    }
  }

  static func fraction(_ run: StatusReport.Lane.Run) -> Double? {
    guard let total = run.total, let completed = run.completed, total > 0 else { return nil }
    return min(max(Double(completed) / Double(total), 0), 1)
  }

  static func line(_ stage: String, _ run: StatusReport.Lane.Run, _ fraction: Double?) -> String {
    guard let fraction, let completed = run.completed, let total = run.total else { return "  \(stage)" }
    let filled = Int(fraction * 20)
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 20 - filled)
    return "  \(stage) \(bar) \(Int(fraction * 100)) % (\(bytes(completed)) of \(bytes(total)))"
  }

  static func bytes(_ count: Int64) -> String {
    if count < 1_000_000 { return "\(count / 1000) kB" }
    if count < 1_000_000_000 { return "\(count / 1_000_000) MB" }
    return "\(count / 1_000_000_000).\(count % 1_000_000_000 / 100_000_000) GB"
  }
}
