public import Journal
import Rules

extension StatusReport.Sink {
  /// Every sink that the configuration names, and those that something still waits for or died for.
  ///
  /// - Parameter gone: why sinks take nothing any more, as the running daemon knows it.
  public static func all(
    _ settings: Settings, _ counts: [String: SinkCounts], gone: [String: String] = [:]
  ) -> [StatusReport.Sink] {
    let known = settings.notify.map { sink in
      StatusReport.Sink(sink, counts[sink.name] ?? SinkCounts(), gone: gone[sink.name])
    }
    let names = Set(settings.notify.map(\.name))
    let removed = counts.filter { !names.contains($0.key) && $0.value.pending + $0.value.dead > 0 }
    return known
      + removed.sorted { $0.key < $1.key }.map { name, counts in
        var sink = StatusReport.Sink(name: name, type: nil, counts)
        sink.state = "removed"
        return sink
      }
  }

  private init(_ sink: SinkSettings, _ counts: SinkCounts, gone: String?) {
    self.init(name: sink.name, type: sink.type, counts)
    if let problem = sink.problem {
      (state, self.problem) = ("unusable", problem)
    } else if let gone {
      (state, problem) = ("gone", gone)
    } else if counts.pending > 0, let failed = counts.lastFailureAt,
      counts.lastDelivery.map({ failed > $0 }) ?? true
    {
      state = "waiting"
    }
  }

  private init(name: String, type: String?, _ counts: SinkCounts) {
    self.init(
      name: name, type: type, state: "ok", pending: counts.pending, delivered: counts.delivered, dead: counts.dead,
      deadWhy: counts.deadWhy, lastDelivery: counts.lastDelivery?.rfc3339,
      lastFailureAt: counts.lastFailureAt?.rfc3339, lastFailure: counts.lastFailure,
      nextAttempt: counts.nextAttempt?.rfc3339)
  }
}
