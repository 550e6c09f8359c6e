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
}
