import Journal
import Ollama
import Platform
import Rules
import Stores
import Supervision
import TestSupport

@testable import Actors

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A whole monitor in this process over a real journal in a directory of its own: scripted server, manual clock.
final class MonitorBench: Sendable {
  /// 2026-01-15T00:00:00Z.
  static let origin: Int64 = 1_768_435_200_000_000

  let directory: String
  let clock = ManualClock()
  let server = ScriptedServer()
  let stats = ScriptedStats()
  let log = EventRecorder<String>()
  private let wallShift = Guarded<Int64>(0)
  private let rows = Guarded(0)
  private let runs = Guarded<UInt64>(0)

  init() throws {
    directory = FileManager.default.temporaryDirectory.path + "/retraind-actors-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  var paths: StatePaths {
    StatePaths(database: directory + "/retraind.db", log: directory + "/model_retrainer.log")
  }

  /// The wall clock: tied to the manual one but for its jumps.
  var wall: WallClock {
    WallClock { [clock, self] in
      let elapsed = clock.now.offset.components
      return Self.origin + elapsed.seconds * 1_000_000 + elapsed.attoseconds / 1_000_000_000_000
        + wallShift.withLock { $0 }
    }
  }

  /// The moment now.
  var now: Timestamp { Timestamp(microseconds: wall.microseconds()) }

  /// Lets the wall clock jump.
  func jump(by duration: Duration) { wallShift.withLock { $0 += duration.wholeMilliseconds * 1000 } }

  /// Effects that act on doubles; the sink is the real embedded store where none is given.
  func parts(sink: ScriptedSink? = nil, laneLock: String? = nil) -> Parts {
    let number = runs.withLock { number in
      number += 1
      return number
    }
    var parts = Parts(
      server: { [server] in server }, serverName: "scripted", stats: { [stats] in stats.over($0) },
      clock: SupervisionClock(clock), wallClock: wall,
      log: Log(destination: .file(paths.log), level: .debug, wallClock: wall) { [log] in log.record("\($0): \($1)") },
      identifiers: Identifiers(IdentifierSource(seed: number), wallClock: wall), seed: number, laneLock: laneLock)
    if let sink { parts.sink = { _ in sink } }
    return parts
  }

  /// Starts a monitor.
  func start(
    _ settings: Settings = Settings(), mode: RetrainMonitor.Mode = .oneShot, sink: ScriptedSink? = nil,
    laneLock: String? = nil, reloader: RetrainMonitor.Reloader? = nil
  ) async throws -> RetrainMonitor {
    try await RetrainMonitor.start(
      settings, paths: paths, parts: parts(sink: sink, laneLock: laneLock), mode: mode, reloader: reloader)
  }

  /// Adds cycles of a model, an hour long, the newest of them ending now.
  func addCycles(_ model: String?, accepted: Int64 = 4, rejected: Int64 = 6, count: Int = 3) async throws {
    let journal = try await Journal.open(path: paths.database)
    for index in 0..<count {
      let number = rows.withLock { number in
        number += 1
        return number
      }
      try await EmbeddedStore(journal).add(
        CycleRow(
          id: "row-\(number)", model: model, timestamp: now.adding(.seconds(-3600 * (count - 1 - index))),
          windowMinutes: 60, accepted: accepted, rejected: rejected))
    }
    await journal.close()
  }

  /// Puts something else in the journal's place.
  func writeDatabase(_ text: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: paths.database))
  }

  /// Waits for a line of the log that contains a text.
  func logged(_ text: String) async { await log.waitFor { $0.contains(text) } }

  /// Lines of the log that contain a text.
  func lines(_ text: String) -> [String] { log.all.filter { $0.contains(text) } }

  /// Moves the clock from sleeper to sleeper until an event has come; at most so far.
  ///
  /// It steps when somebody sleeps who is due within `pause`, the longest that those sleep whom the event depends on: an
  /// alarm far ahead does not take their time away while they are still at work.
  func advance<Event>(
    until recorder: EventRecorder<Event>, within limit: Duration = .seconds(3600),
    pause: Duration = OutboxActor.longestRetry, has isThere: @escaping @Sendable ([Event]) -> Bool
  ) async {
    let end = clock.now.offset + limit
    while !isThere(recorder.all), !Task.isCancelled {
      let step = min(clock.now.offset + pause, end)
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await recorder.wait(until: isThere) }
        group.addTask { [clock] in await clock.waitForSleeper(dueBy: step) }
        await group.next()
        group.cancelAll()
      }
      if isThere(recorder.all) { return }
      if let next = clock.deadlines.first, next <= step { clock.advance(by: next - clock.now.offset) }
    }
  }
}

extension RetrainMonitor {
  /// The journal of the monitor that runs.
  var journal: Journal { get throws { try tree.journal.get() } }

  /// How its jobs wait for the journal.
  var patience: JournalPatience {
    JournalPatience(recovery: tree.handover.recovery, clock: parts.clock, log: parts.log)
  }

  /// Waits for the end of a run that nobody has looked at yet.
  func nextEnd(of run: String, after mark: UInt64 = 0) async -> RunEnd? {
    await tree.handover.ends.wait(for: run, after: mark)
  }
}

extension Journal {
  /// Refuses every write to the runs and decisions, or takes them again.
  func setRefusing(_ isRefusing: Bool) throws {
    try write { database in
      for table in ["retraind_runs", "retraind_decisions"] {
        for event in ["INSERT", "UPDATE"] {
          let name = "test_refuse_\(table)_\(event)"
          try database.execute(
            script: isRefusing
              ? "CREATE TRIGGER \(name) BEFORE \(event) ON \(table) BEGIN SELECT RAISE(ABORT, 'refused'); END;"
              : "DROP TRIGGER \(name);")
        }
      }
    }
  }
}
