public import Journal
import Rules

extension StatusReport.Sink {
  /// Every sink that the configuration names, and those that something still waits for or died for.
  ///
  /// - Parameter gone: why sinks take nothing any more, as the running daemon knows it.
  public static func all(
    _ settings: Settings, _ counts: [SinkCounts], gone: [String: String] = [:]
  ) -> [StatusReport.Sink] {
    var sinks: [StatusReport.Sink] = []
    for sink in settings.notify {
      let counts = counts.first { $0.sink == sink.name } ?? SinkCounts(sink.name)
      sinks.append(StatusReport.Sink(sink, counts, gone: gone[sink.name]))
    }
    // By name: so the journal groups them.
    for counts in counts where counts.pending + counts.dead > 0 {
      if settings.notify.contains(where: { $0.name == counts.sink }) { continue }
      var sink = StatusReport.Sink(type: nil, counts)
      sink.state = "removed"
      sinks.append(sink)
    }
    return sinks
  }

  private init(_ sink: SinkSettings, _ counts: SinkCounts, gone: String?) {
    self.init(type: sink.type, counts)
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

  private init(type: String?, _ counts: SinkCounts) {
    self.init(
      name: counts.sink, type: type, state: "ok", pending: counts.pending, delivered: counts.delivered,
      dead: counts.dead,
      deadWhy: counts.deadWhy, lastDelivery: counts.lastDelivery?.rfc3339,
      lastFailureAt: counts.lastFailureAt?.rfc3339, lastFailure: counts.lastFailure,
      nextAttempt: counts.nextAttempt?.rfc3339)
  }
}
