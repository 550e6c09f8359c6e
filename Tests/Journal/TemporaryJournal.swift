import Platform
import Rules

@testable import Journal

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A directory for journals that goes with the test.
final class TemporaryDirectory: Sendable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/retraind-journal-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String = "retraind.db") -> String { path + "/" + name }

  /// The file with its WAL as a killed process would leave them, in a place of its own.
  func copyAsAfterKill(to name: String = "after-kill.db") throws -> String {
    for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: file() + suffix) {
      try FileManager.default.copyItem(atPath: file() + suffix, toPath: file(name) + suffix)
    }
    return file(name)
  }

  /// Writes a file in place, as `cp` does: one that exists keeps its inode.
  func write(_ bytes: [UInt8], to name: String = "retraind.db") throws {
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
  }

  func bytes(_ name: String = "retraind.db") throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: file(name))))
  }

  func move(_ name: String, to other: String) throws {
    try FileManager.default.moveItem(atPath: file(name), toPath: file(other))
  }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: file(name)) }
}

extension Journal {
  /// Bounds the file at so many pages more than it has, as a full disk would.
  func fill(leaving pages: Int) throws {
    try write { database in
      let count = try database.first("PRAGMA page_count") { row in row[0].integer ?? 0 } ?? 0
      _ = try database.run("PRAGMA max_page_count = \(count + Int64(pages))")
    }
  }

  /// Brings the log into the file, as a long day does.
  func checkpoint() throws {
    try write { database in _ = try database.run("PRAGMA wal_autocheckpoint = 1") }
    try proveWritable()
    try write { database in _ = try database.run("PRAGMA wal_autocheckpoint = 1000") }
  }

  func empty() throws {
    try write { database in _ = try database.run("PRAGMA max_page_count = 100000") }
  }
}

/// Values for tests.
enum Sample {
  static func time(_ seconds: Int64, micro: Int64 = 0) -> Timestamp {
    Timestamp(microseconds: (1_790_000_000 + seconds) * 1_000_000 + micro)
  }

  static func run(_ id: String = "run-1", model: String = "m", at seconds: Int64 = 0) -> RunRow {
    RunRow(
      id: id, model: model, trigger: .degraded, requestedAt: time(seconds), averageAcceptRate: 0.41, threshold: 0.6,
      cyclesUsed: 5, configuration: #"{"threshold":0.6}"#)
  }

  static func event(_ id: String = "event-1", run: String = "run-1", model: String = "m") -> RetrainEvent {
    RetrainEvent(
      eventID: id, runID: run, model: model, notes: "The mean accept rate is 0.41.", averageAcceptRate: 0.41,
      threshold: 0.6, statsWindowSize: 5, triggeredAt: time(0, micro: 915), modelVersion: "v3")
  }

  static func evaluation(_ model: String? = "m", verdict: Verdict = .degraded) -> Evaluation {
    Evaluation(
      model: model, verdict: verdict, average: 0.41, threshold: 0.6, have: 2, need: 2,
      used: [
        Cycle(
          id: "c\"2\u{0}", modelVersion: "v\n3", timestamp: time(7200, micro: 1), start: time(3600),
          evidence: .counted(accepted: .max, rejected: 12, edited: 0)),
        Cycle(id: "c1", timestamp: time(3600), start: time(0), evidence: .uncounted(rate: 0.1)),
      ],
      leftOut: [
        LeftOutRow(id: "x", timestamp: nil, why: .noTimestamp),
        LeftOutRow(id: "y", timestamp: time(1), why: .noJudgement),
      ], accepted: .max, judged: 24, interval: 0.2...0.63, rule: "mean", ruleHash: "0123456789abcdef",
      reason: "mean 0.41 of 2 cycles lies below 0.60")
  }

  static func decision(_ model: String? = "m", at seconds: Int64 = 0) -> DecisionRow {
    DecisionRow(
      at: time(seconds), model: model, evaluation: evaluation(model), action: "started", why: "new evidence",
      digest: "sha256:aa", run: nil)
  }

  static let memory = ModelMemory(
    firedThrough: time(1), lastRunEnded: time(2), lastChange: .updated, windowStart: time(3, micro: 7), failures: 2,
    retryAt: time(4), retryRun: "run-0", activeRun: "run-1", circuit: .open(reason: "three failures"))

  /// Names that break what is put together carelessly.
  static let hostileNames = [
    String(repeating: "long", count: 2_560), "nul\u{0}inside", "'; DROP TABLE retraind_runs; --", "\"quoted\"", " ",
    "\u{202E}rtl 🙂", "line\nbreak", "%_?1", "e\u{301}",
  ]
}
