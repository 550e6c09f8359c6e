import Journal
import Platform
import Rules
import TestSupport
import Testing

@testable import Actors

/// Judgements that somebody sends.
@Suite("Judgements", .timeLimit(.minutes(5)))
struct JudgementTests {
  private let bench: MonitorBench

  init() throws { bench = try MonitorBench() }

  private func judgement(_ kind: Judgement.Kind, _ change: (inout Judgement) -> Void = { _ in }) -> Judgement {
    var judgement = Judgement(kind, model: "m")
    change(&judgement)
    return judgement
  }

  private func rows(_ sql: String, _ columns: Int) throws -> [[SQLiteValue]] {
    try SQLiteDatabase(path: bench.paths.database, access: .readOnly).query(sql) { row in
      (0..<columns).map { row[$0] }
    }
  }

  @Test("each kind is written as others read it, with what there is to learn from beside it")
  func written() async throws {
    let monitor = try await bench.start(Settings(model: "m"))
    let answer = try await monitor.feedback([
      judgement(.approval) {
        $0.id = "1"
        $0.confidence = 0
      },
      judgement(.rejection) {
        $0.id = "2"
        $0.confidence = 0.25
        $0.modelVersion = "v1"
        $0.submission = "s"
      },
      judgement(.correction) {
        $0.id = "3"
        $0.correction = "right"
      },
      judgement(.edited) {
        $0.id = "4"
        $0.prompt = "asked"
        $0.completion = "answered"
        $0.microseconds = MonitorBench.origin - 1
      },
    ])
    #expect(answer.judgements.map(\.id) == ["1", "2", "3", "4"])
    #expect(answer.judgements.map(\.outcome) == [.added, .added, .added, .added])
    let events = try rows(
      """
      SELECT id, event_type, approved, model_version, confidence_score, json_extract(metadata, '$.model'), created_at,
      submission_id FROM learning_events ORDER BY id
      """, 8)
    let now = SQLiteValue(bench.now)
    #expect(
      events == [
        ["1", "approval", 1, nil, nil, "m", now, nil], ["2", "rejection", 0, "v1", 0.25, "m", now, "s"],
        ["3", "correction", 0, nil, nil, "m", now, nil],
        ["4", "edited", nil, nil, nil, "m", SQLiteValue(bench.now.adding(.microseconds(-1))), nil],
      ])
    let samples = try rows(
      "SELECT id, model, prompt, completion, correction, approved FROM learning_samples ORDER BY id", 6)
    #expect(samples == [["3", "m", nil, nil, "right", 0], ["4", "m", "asked", "answered", nil, nil]])
    // A judgement is no retrain: the history of events has none of them.
    #expect(try await monitor.journal.events(limit: 10).isEmpty)
    await monitor.stop()
  }

  @Test("the same id that says the same is one judgement; that says something else, it is refused and told")
  func sameID() async throws {
    let monitor = try await bench.start(Settings(model: "m"))
    let first = judgement(.correction) {
      $0.id = "abc"
      $0.confidence = 0.5
      $0.prompt = "asked"
      $0.correction = "right"
    }
    _ = try await monitor.feedback([first])
    bench.clock.advance(by: .seconds(60))
    var again = first
    again.model = "library/m:latest"
    #expect(try await monitor.feedback([again]).judgements.map(\.outcome) == [.alreadyThere])
    let others: [(inout Judgement) -> Void] = [
      { $0.kind = .rejection }, { $0.model = "n" }, { $0.confidence = 0.6 }, { $0.confidence = nil },
      { $0.modelVersion = "v" }, { $0.prompt = "else" }, { $0.completion = "more" }, { $0.correction = nil },
      { $0.submission = "s" }, { $0.microseconds = MonitorBench.origin + 1 },
    ]
    for (index, change) in others.enumerated() {
      var other = first
      change(&other)
      let entry = try await monitor.feedback([other]).judgements.first
      #expect(entry?.outcome == .refused, "\(index)")
      #expect(entry?.why?.contains("judgement abc is there already and says something else (correction, of m") == true)
    }
    #expect(try rows("SELECT count(*) FROM learning_events", 1) == [[1]])
    // Beside one that is refused, those that are not get in.
    var other = first
    other.kind = .rejection
    let mixed = try await monitor.feedback([judgement(.approval), other, first, judgement(.approval)])
    #expect(mixed.judgements.map(\.outcome) == [.added, .refused, .alreadyThere, .added])
    await monitor.stop()
  }

  @Test("a batch is written whole or not at all")
  func atomic() async throws {
    let monitor = try await bench.start(Settings(model: "m"))
    let database = try SQLiteDatabase(path: bench.paths.database)
    try database.execute(
      script: """
        CREATE TRIGGER test_refuse BEFORE INSERT ON learning_samples WHEN new.id = 'c'
        BEGIN SELECT RAISE(ABORT, 'refused'); END;
        """)
    let batch = ["a", "b", "c", "d"].map { id in
      judgement(.rejection) {
        $0.id = id
        $0.prompt = "asked"
      }
    }
    await #expect(throws: JournalFailure.self) { try await monitor.feedback(batch) }
    #expect(try rows("SELECT count(*) FROM learning_events", 1) == [[0]])
    #expect(try rows("SELECT count(*) FROM learning_samples", 1) == [[0]])
    try database.execute(script: "DROP TRIGGER test_refuse;")
    #expect(try await monitor.feedback(batch).judgements.allSatisfy { $0.outcome == .added })
    await monitor.stop()
  }

  @Test("a table that is missing or too small is told with what to run")
  func tables() async throws {
    let monitor = try await bench.start(Settings(model: "m"))
    let database = try SQLiteDatabase(path: bench.paths.database)
    func why() async -> String {
      do {
        return "\(try await monitor.feedback([judgement(.approval)]))"
      } catch {
        return "\(error)"
      }
    }
    try database.execute(script: "DROP INDEX learning_events_newest; ALTER TABLE learning_events DROP COLUMN approved;")
    #expect(await why().contains("ALTER TABLE learning_events ADD COLUMN approved INTEGER;"))
    try database.execute(script: "DROP TABLE learning_events;")
    #expect(await why().contains("the table learning_events does not exist, so no judgement was written"))
    #expect(await why().contains("CREATE TABLE"))
    await monitor.stop()
  }

  @Test("what cannot be is refused with the member and what to do, whoever sends it")
  func refusals() async throws {
    let monitor = try await bench.start(Settings(model: "m"))
    let cases: [(String, (inout Judgement) -> Void)] = [
      ("model: is missing; name the model that was judged", { $0.model = nil }),
      ("model: the name \"a b\" contains white space: names have none", { $0.model = "a b" }),
      ("confidence_score: 1.5 is no confidence; write a number above 0 up to 1", { $0.confidence = 1.5 }),
      ("confidence_score: nan is no confidence", { $0.confidence = .nan }),
      ("id: it is empty; leave it out", { $0.id = "" }),
      ("model_version: it contains a control character", { $0.modelVersion = "a\u{1B}" }),
      ("id: it has more than 512 bytes", { $0.id = String(repeating: "x", count: 513) }),
      ("prompt: the texts have more than 131072 bytes", { $0.prompt = String(repeating: "x", count: 131_073) }),
      ("created_at: 2026-01-15T00:05:01Z lies in the future", { $0.microseconds = MonitorBench.origin + 301_000_000 }),
    ]
    for (message, change) in cases {
      let bad = judgement(.approval, change)
      // Also beside good ones: nothing of a request is written then.
      var reply = ControlReply()
      let replies = Guarded<[ControlReply]>([])
      await monitor.answer(ControlRequest(.feedback, judgements: [judgement(.approval), bad])) { reply in
        replies.withLock { $0.append(reply) }
      }
      reply = try #require(replies.withLock { $0.first })
      #expect(reply.error?.contains(message) == true, "\(reply.error ?? "nothing")")
      #expect(reply.exitCode == 64)
    }
    let many = [Judgement](repeating: judgement(.approval), count: JudgementRecorder.mostAtOnce + 1)
    await #expect(throws: JudgementRefusal.self) { try await monitor.feedback(many) }
    #expect(try rows("SELECT count(*) FROM learning_events", 1) == [[0]])
    await monitor.stop()
  }

  @Test("the longest batch, escaped as badly as can be, fits into a request")
  func requestFits() throws {
    let texts = JudgementRecorder.mostBytes - JudgementRecorder.overhead
    var one = judgement(.correction)
    one.prompt = String(repeating: "\u{1}", count: texts)
    #expect(try JSON.encode(ControlRequest(.feedback, judgements: [one])).utf8.count < UnixSocketServer.maximumRequest)
    let many = (0..<JudgementRecorder.mostAtOnce).map { number in
      judgement(.correction) {
        $0.id = "\(number)"
        $0.microseconds = .max
        $0.confidence = 0.12345678901234567
        $0.prompt = String(
          repeating: "\u{1}",
          count: max(0, JudgementRecorder.mostBytes / JudgementRecorder.mostAtOnce - JudgementRecorder.overhead))
      }
    }
    #expect(try JSON.encode(ControlRequest(.feedback, judgements: many)).utf8.count < UnixSocketServer.maximumRequest)
  }
}
