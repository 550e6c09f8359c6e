import Platform
import Rules
import Supervision

/// One message to every sink, now, past all queues: whether people would be told.
public enum NotifyTest {
  /// What came of it at one sink.
  public struct Entry: Sendable {
    /// The sink's name.
    public var sink: String
    /// `webhook` or `command`.
    public var type: String
    /// Whether the message has arrived.
    public var delivered: Bool
    /// What happened, and what to do.
    public var outcome: String
  }

  /// Tells every sink of the configuration, all at once; entries in its order.
  public static func run(_ settings: Settings, environment: [String: String]) async -> [Entry] {
    let clock = SupervisionClock(SuspendAwareClock())
    let notifiers = Notifiers.real(
      settings.networkInForce, environment: environment, clock: clock, wallClock: .system)
    return await run(
      settings, identifiers: Identifiers(), wallClock: .system, notifier: { notifiers.make($0) })
  }

  /// The same by other means.
  static func run(
    _ settings: Settings, identifiers: Identifiers, wallClock: WallClock,
    notifier: @escaping @Sendable (SinkSettings) -> any Notifier
  ) async -> [Entry] {
    let message = NoticeMessage(
      id: identifiers.next(), kind: NoticeKind.test.rawValue, type: NoticeKind.test.type, model: nil,
      text: "This is a test of retraind: messages arrive.", details: "{}",
      at: Timestamp(microseconds: wallClock.microseconds()))
    return await withTaskGroup(of: (Int, Entry).self) { group in
      for (index, sink) in settings.notify.enumerated() {
        group.addTask {
          if let problem = sink.problem { return (index, Entry(sink, false, problem)) }
          return switch await notifier(sink).deliver(message) {
          case .delivered(let how): (index, Entry(sink, true, how))
          case .failed(let why, _), .refused(let why), .gone(let why): (index, Entry(sink, false, why))
          }
        }
      }
      var entries: [(Int, Entry)] = []
      for await entry in group { entries.append(entry) }
      return entries.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }
}

extension NotifyTest.Entry {
  fileprivate init(_ sink: SinkSettings, _ delivered: Bool, _ outcome: String) {
    self.init(sink: sink.name, type: sink.type, delivered: delivered, outcome: outcome)
  }
}
