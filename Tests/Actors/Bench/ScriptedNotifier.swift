import Platform
import TestSupport

@testable import Actors

/// Plays sinks: what each does with its next messages, and what it was told.
final class ScriptedNotifier: Sendable {
  /// What a try does.
  enum Play: Sendable {
    /// This comes of it.
    case answer(DeliveryAttempt)
    /// Waits for the gate, then this comes of it; a cancelled try fails.
    case hold(Gate, DeliveryAttempt = .delivered("taken"))
  }

  /// One sink's end.
  private struct End: Notifier {
    let sink: String
    let script: ScriptedNotifier

    func deliver(_ message: NoticeMessage) async -> DeliveryAttempt { await script.play(message, at: sink) }
  }

  private let plays = Guarded<[String: [Play]]>([:])
  /// `sink kind model` of every try.
  let tried = EventRecorder<String>()
  /// `sink kind model` of every message that has arrived.
  let told = EventRecorder<String>()
  /// Ids of the messages that were tried, by the order of `tried`.
  let ids = EventRecorder<String>()

  /// What the next tries at a sink do; then it takes everything.
  func script(_ sink: String, _ plays: Play...) { self.plays.withLock { $0[sink, default: []] += plays } }

  /// The notifier of a sink.
  func notifier(_ sink: SinkSettings) -> any Notifier { End(sink: sink.name, script: self) }

  private func play(_ message: NoticeMessage, at sink: String) async -> DeliveryAttempt {
    let play = plays.withLock { plays -> Play? in
      guard plays[sink]?.isEmpty == false else { return nil }
      return plays[sink]?.removeFirst()
    }
    let words = "\(sink) \(message.kind) \(message.model ?? "-")"
    ids.record(message.id)
    tried.record(words)
    switch play {
    case .answer(let attempt):
      if case .delivered = attempt { told.record(words) }
      return attempt
    case .hold(let gate, let attempt):
      guard await gate.wait() else { return .failed("cancelled") }
      if case .delivered = attempt { told.record(words) }
      return attempt
    case nil: break
    }
    told.record(words)
    return .delivered("taken")
  }
}

extension SinkSettings {
  /// A sink that a script plays.
  static func played(_ name: String, _ events: [NoticeKind] = NoticeKind.choices) -> SinkSettings {
    SinkSettings(name: name, way: .command(CommandSettings(program: name)), events: events)
  }
}
