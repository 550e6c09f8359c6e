import Platform
import PostgRESTStandIn
import Rules
import Testing

@testable import Stores

/// Events that a table refuses: how often they are sent, and what a person is told to run.
@Suite("Refused events", .timeLimit(.minutes(1)))
struct EventRefusalTests {
  private func deliver(
    _ bench: SupabaseBench, _ numbers: [Int] = [1], isFresh: Bool = true
  ) async -> [Result<DeliveryReceipt, DeliveryFailure>] {
    await bench.store.deliver(numbers.map { Delivery(SupabaseBench.event($0), isFresh: isFresh) })
  }

  private func blocked(_ outcome: Result<DeliveryReceipt, DeliveryFailure>?) -> String? {
    if case .failure(.blocked(let why)) = outcome { why } else { nil }
  }

  @Test("an event that could not be recognised stays with its remedy, also where it may have been tried")
  func unrecognisable() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { play in
      play.project.tables["system_events"] = StandInTable(["id", "event_type", "timestamp"])
      play.project.tables["system_events"]?.countsIDs = true
    }
    for _ in 1...3 {
      let outcome = await deliver(bench, isFresh: false).first
      #expect(blocked(outcome)?.contains("ADD COLUMN metadata jsonb;") == true, "\(String(describing: outcome))")
    }
    #expect(bench.transport.rows("system_events").isEmpty)
  }

  /// Refusals that have nothing to do with a row.
  private static let ofTable: [StandInAnswer] = [
    .error("500 x", "42P17", #"infinite recursion detected in policy for relation "system_events""#),
    .error("500 x", "54001", "stack depth limit exceeded"),
    .error("500 x", "55000", #"cannot insert into view "system_events""#),
  ]

  @Test("what the table refuses to all is not sent once for each of them", arguments: 0..<ofTable.count)
  func wholeTable(number: Int) async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { $0.play(.answer(Self.ofTable[number]), on: "POST system_events") }
    let outcomes = await deliver(bench, Array(1...100))
    #expect(outcomes.allSatisfy { blocked($0)?.contains("system_events at http://stand-in: HTTP") == true })
    // Down to three single rows, then each part that is left, whole.
    #expect(bench.transport.count("POST system_events") <= 20)
    // The next batch begins anew.
    bench.transport.with { $0.heal() }
    #expect(await deliver(bench, Array(1...100)).allSatisfy { (try? $0.get()) != nil })
  }

  @Test(
    "rows that are refused hold up no others",
    arguments: [
      .error("400 x", "P0001", "not this one"), .error("400 x", "23514", #"violates check constraint "kinds""#),
    ] as [StandInAnswer])
  func badRows(answer: StandInAnswer) async throws {
    let bench = try await SupabaseBench()
    let bad = 1...6
    bench.transport.with { play in
      play.project.refuses = Set(bad.map { SupabaseBench.id($0) })
      play.project.refusal = answer
    }
    let outcomes = await deliver(bench, Array(1...100))
    #expect(outcomes.prefix(6).allSatisfy { blocked($0) != nil })
    #expect(outcomes.dropFirst(6).allSatisfy { (try? $0.get()) != nil })
    #expect(bench.transport.rows("system_events").count == 94)
  }

  @Test("where the row itself is refused, each is tried")
  func eachRow() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { play in
      play.project.refuses = Set((1...99).map { SupabaseBench.id($0) })
      play.project.refusal = .error("400 x", "23514", #"violates check constraint "kinds""#)
    }
    let outcomes = await deliver(bench, Array(1...100))
    #expect((try? outcomes.last?.get())?.table == "system_events")
    #expect(outcomes.dropLast().allSatisfy { blocked($0) != nil })
  }

  @Test("what is too long is said of columns that the table has")
  func tooLong() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { play in
      play.project.tables["system_events"]?.isGranted = false
      play.project.tables["learning_events"]?.columns.removeAll { $0 == "model_version" }
    }
    #expect((try? await deliver(bench).first?.get())?.table == "learning_events")
    for (limit, remedy) in [("5", "ALTER COLUMN event_type TYPE text;"), ("255", nil)] {
      let answer = StandInAnswer.error("400 x", "22001", "value too long for type character varying(\(limit))")
      bench.transport.with { play in
        play.heal()
        play.play(.answer(answer), on: "POST learning_events")
      }
      let why = try #require(blocked(await deliver(bench, [2]).first))
      #expect(!why.contains("model_version"), "\(why)")
      #expect(why.contains("ALTER TABLE") == (remedy != nil), "\(why)")
      if let remedy { #expect(why.contains(remedy), "\(why)") }
    }
  }

  @Test("ids that have no value are counted where they are whole numbers", arguments: ["bigint", "numeric"])
  func noID(type: String) async throws {
    let bench = try await SupabaseBench()
    let number = #"invalid input syntax for type \#(type): "\#(SupabaseBench.id(1))""#
    let null = #"null value in column "id" of relation "system_events" violates not-null constraint"#
    bench.transport.with { play in
      play.play(.answer(.error("400 x", "22P02", number)), on: "POST system_events", times: 1)
      play.play(.answer(.error("400 x", "23502", null)), on: "POST system_events")
    }
    let why = try #require(blocked(await deliver(bench).first))
    #expect(why.contains("ADD GENERATED BY DEFAULT AS IDENTITY; SELECT setval(") == (type == "bigint"), "\(why)")
    #expect(!why.contains("uuid"), "\(why)")
  }
}
