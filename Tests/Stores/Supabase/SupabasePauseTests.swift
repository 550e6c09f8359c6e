import Journal
import Platform
import PostgRESTStandIn
import Rules
import Testing

@testable import Stores

/// A project that says how long it wants to be left alone.
@Suite("Leaving a project alone", .timeLimit(.minutes(5)))
struct SupabasePauseTests {
  private func busy(_ status: String, _ wish: String, more: [(name: String, value: String)] = []) -> Fault {
    .answer(StandInAnswer(status, headers: [("Retry-After", wish)] + more))
  }

  @Test(
    "a read that is told to wait is tried again after that time, and not before",
    arguments: ["429 Too Many Requests", "503 Service Unavailable"])
  func reads(status: String) async throws {
    let bench = try await SupabaseBench()
    bench.addCycles(3)
    _ = try await bench.store.refresh()
    let before = bench.transport.names.count
    bench.transport.with { $0.play(busy(status, "120"), times: 1) }
    for _ in 0..<4 {
      let caveat = try await bench.store.refresh()
      #expect(caveat?.contains("cycles as of 2026-03-01T00:00:00Z") == true)
      #expect(caveat?.contains("HTTP \(status.prefix(3))") == true, "\(caveat ?? "")")
      bench.pass(.seconds(29))
    }
    #expect(bench.transport.names.count == before + 1)
    #expect(bench.told.withLock { $0 }.count == 1)
    #expect(bench.store.standing?.why?.contains("120 s") == true, "\(bench.store.standing?.why ?? "")")
    bench.pass(.seconds(5))
    #expect(try await bench.store.refresh() == nil)
    #expect(bench.store.standing?.state == .available)
  }

  @Test("a wish as a date counts by the server's own clock; a long one is cut; what is past or none asks for nothing")
  func dates() async throws {
    let date: (name: String, value: String) = ("Date", "Thu, 25 Feb 2021 15:02:10 GMT")
    for (wish, seconds) in [
      ("Thu, 25 Feb 2021 15:04:10 GMT", 120), ("Thu, 25 Feb 2027 15:04:10 GMT", 900), ("99999999999999999999", 900),
      ("Thu, 25 Feb 2021 15:02:00 GMT", 0), ("0", 0), ("-7", 0), ("soon", 0), ("", 0),
    ] {
      let bench = try await SupabaseBench()
      bench.addCycles(3)
      _ = try await bench.store.refresh()
      bench.transport.with { $0.play(busy("429 x", wish, more: [date]), times: 1) }
      _ = try await bench.store.refresh()
      if seconds > 0 {
        bench.pass(.seconds(seconds - 1))
        #expect(try await bench.store.refresh() != nil, "\(wish)")
        bench.pass(.seconds(1))
      }
      #expect(try await bench.store.refresh() == nil, "\(wish)")
    }
  }

  @Test("a date without the server's clock counts by ours")
  func dateByOurClock() async throws {
    let bench = try await SupabaseBench()
    bench.addCycles(3)
    _ = try await bench.store.refresh()
    bench.transport.with { $0.play(busy("429 x", "Sun, 01 Mar 2026 00:05:00 GMT"), times: 1) }
    _ = try await bench.store.refresh()
    bench.pass(.seconds(299))
    #expect(try await bench.store.refresh() != nil)
    bench.pass(.seconds(1))
    #expect(try await bench.store.refresh() == nil)
  }

  @Test("a connection that died is asked for again within one read, after a short wish and never before it")
  func shortWish() async throws {
    let bench = try await SupabaseBench()
    bench.addCycles(3)
    bench.transport.with { $0.play(busy("503 x", "2"), times: 1) }
    #expect(try await bench.store.refresh() == nil)
    #expect(bench.pauses.withLock { $0 } == [.seconds(2)])
    bench.transport.with { $0.play(busy("503 x", "3"), times: 1) }
    #expect(try await bench.store.refresh() != nil)
    #expect(bench.pauses.withLock { $0.count } == 1)
  }

  @Test("what an event was told holds for reads, and what a read was told holds for events")
  func shared() async throws {
    let bench = try await SupabaseBench()
    bench.addCycles(3)
    _ = try await bench.store.refresh()
    bench.transport.with { $0.play(busy("429 x", "60"), on: "POST system_events", times: 1) }
    _ = await bench.store.deliver([Delivery(SupabaseBench.event(), isFresh: true)])
    let asked = bench.transport.names.count
    #expect(try await bench.store.refresh() != nil)
    bench.pass(.seconds(20))
    let outcomes = await bench.store.deliver([
      Delivery(SupabaseBench.event(1), isFresh: false), Delivery(SupabaseBench.event(2), isFresh: true),
    ])
    #expect(bench.transport.names.count == asked)
    #expect(outcomes.count == 2)
    for outcome in outcomes {
      guard case .failure(.transient(_, let after)) = outcome else {
        Issue.record("\(outcome)")
        continue
      }
      #expect(after == .seconds(40))
    }
    bench.pass(.seconds(40))
    let later = await bench.store.deliver([Delivery(SupabaseBench.event(), isFresh: false)])
    #expect((try? later.first?.get())?.table == "system_events")
  }

  @Test("somebody who has put something right need not wait")
  func reload() async throws {
    let bench = try await SupabaseBench()
    bench.addCycles(3)
    _ = try await bench.store.refresh()
    bench.transport.with { $0.play(busy("429 x", "600"), times: 1) }
    #expect(try await bench.store.refresh() != nil)
    bench.session.forget()
    #expect(try await bench.store.refresh() == nil)
  }
}
