import Testing

@testable import Supervision

/// What is refused before anything runs.
@Suite(.timeLimit(.minutes(5))) struct SpecTests {
  @Test("ids must be there and differ")
  func ids() {
    #expect(throws: SpecError.duplicateChild(id: "a", supervisor: "root")) {
      _ = try spec(.oneForOne, [child("a"), child("b"), child("a")])
    }
    #expect(throws: SpecError.emptyID(position: 1)) { _ = try spec(.oneForOne, [child("a"), child("")]) }
    #expect(throws: SpecError.emptyID(position: nil)) {
      _ = try SupervisorSpec(id: "", strategy: .oneForOne, children: [])
    }
  }

  @Test("the defaults are a legal configuration, with jitter")
  func defaults() throws {
    let spec = try SupervisorSpec(id: "root", strategy: .restForOne, children: [child("a")])
    #expect(spec.intensity == Defaults.intensity)
    #expect(spec.backoff.longest(restarts: spec.intensity) < spec.period)
  }

  /// The field that a specification is refused for.
  private func refused(_ make: () throws(SpecError) -> SupervisorSpec) -> String? {
    do throws(SpecError) {
      _ = try make()
      return nil
    } catch {
      guard case .badNumber(_, let field, _, _) = error else { return "\(error)" }
      return field
    }
  }

  @Test("bad numbers are refused by name")
  func numbers() {
    let one = [child("a")]
    #expect(refused { () throws(SpecError) in try spec(.oneForOne, intensity: -1, one) } == "intensity")
    #expect(refused { () throws(SpecError) in try spec(.oneForOne, period: .zero, one) } == "period")
    #expect(refused { () throws(SpecError) in try spec(.oneForOne, period: .seconds(-1), one) } == "period")
    #expect(refused { () throws(SpecError) in try spec(.oneForOne, healthyAfter: .seconds(-1), one) } == "healthyAfter")
    #expect(
      refused { () throws(SpecError) in try spec(.oneForOne, [child("a", startTimeout: .zero)]) } == "startTimeout")
    #expect(
      refused { () throws(SpecError) in try spec(.oneForOne, [child("a", shutdown: .grace(.seconds(-1)))]) }
        == "shutdown grace")
    let bad: [(Backoff, String)] = [
      (Backoff(base: .seconds(-1)), "backoff base"),
      (Backoff(base: .seconds(2), max: .seconds(1)), "backoff max"),
      (Backoff(max: .seconds(400 * 86_400)), "backoff max"),
      (Backoff(ratio: 0.5), "backoff ratio"), (Backoff(ratio: .nan), "backoff ratio"),
      (Backoff(ratio: .infinity), "backoff ratio"),
      (Backoff(jitter: -0.1), "backoff jitter"), (Backoff(jitter: 1.1), "backoff jitter"),
      (Backoff(jitter: .nan), "backoff jitter"),
    ]
    for (backoff, field) in bad {
      #expect(refused { () throws(SpecError) in try spec(.oneForOne, backoff: backoff, one) } == field)
      #expect(refused { () throws(SpecError) in try spec(.oneForOne, [child("a", backoff: backoff)]) } == field)
    }
  }

  @Test("delays that make escalation impossible are refused, also in a child's own backoff")
  func neverEscalates() throws {
    let slow = Backoff(base: .seconds(5), ratio: 1, max: .seconds(5), jitter: 0)
    // 3 restarts take 15 s: inside a window of 15 s, outside one of 14 s.
    _ = try spec(.oneForOne, intensity: 3, period: .seconds(15), backoff: slow, [child("a")])
    let error = SpecError.neverEscalates(child: "a", intensity: 3, period: .seconds(14), needed: .seconds(15))
    #expect(throws: error) {
      _ = try spec(.oneForOne, intensity: 3, period: .seconds(14), backoff: slow, [child("a")])
    }
    #expect(throws: SpecError.self) {
      _ = try spec(.oneForOne, intensity: 5, period: .seconds(20), backoff: .none, [child("a", backoff: slow)])
    }
    // What is never started again needs no escalation.
    _ = try spec(.oneForOne, intensity: 3, period: .seconds(14), backoff: slow, [child("a", restart: .temporary)])
    #expect("\(error)".contains("a could never escalate: 3 restarts take up to 15s"))
    #expect(!"\(error)".contains("\n"))
  }

  @Test("what passes does escalate: a child that fails at each start, at the worst jitter that was drawn")
  func passesMeansEscalates() throws {
    let backoff = Backoff(base: .milliseconds(500), ratio: 2, max: .seconds(4), jitter: 1)
    let period = backoff.longest(restarts: 6)
    for seed in 0..<50 as Range<UInt64> {
      var bench = MachineBench(
        try spec(.oneForOne, intensity: 6, period: period, backoff: backoff, [child("a")]), seed: seed)
      bench.runUntilReady()
      bench.fail(0)
      var tries = 0
      while bench.result == nil, tries < 100 {
        bench.advanceToNextDeadline()
        bench.fail(0)
        tries += 1
      }
      #expect(tries == 6)
    }
  }
}
