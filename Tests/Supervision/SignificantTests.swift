import Testing

@testable import Supervision

/// Children whose end ends the supervisor.
@Suite(.timeLimit(.minutes(5))) struct SignificantTests {
  /// How a child ends.
  enum End: CaseIterable { case normal, shutdown, abnormal }

  /// Lets a child end.
  private func end(_ bench: inout MachineBench, _ child: Int, _ end: End) {
    switch end {
    case .normal: bench.finish(child)
    case .shutdown: bench.fail(child, ChildShutdown())
    case .abnormal: bench.fail(child)
    }
  }

  @Test(
    "significant_temporary, _transient; nonsignificant: who ends the supervisor",
    arguments: Strategy.allCases, End.allCases)
  func table(strategy: Strategy, how: End) throws {
    for mode in AutoShutdown.allCases where mode != .never {
      for restart in [RestartType.transient, .temporary] {
        for significant in [true, false] {
          var bench = MachineBench(
            try spec(
              strategy, autoShutdown: mode, [child("a", restart: restart, significant: significant), child("b")]))
          bench.runUntilReady()
          end(&bench, 0, how)
          let isOver = significant && (restart == .temporary || how != .abnormal)
          #expect(bench.machine.isStopping == isOver, "\(mode) \(restart) \(significant)")
          guard isOver else { continue }
          #expect(bench.events.contains(.autoShutdown(supervisor: "root", child: "a")))
          bench.finish(1)
          #expect(try bench.result?.get().endedBy == "a")
          #expect(try bench.result?.get().stopped == ["b"])
        }
      }
    }
  }

  @Test("all_significant waits for the last one; one that waits for its restart is not the last")
  func waitsForTheLast() throws {
    var bench = MachineBench(
      try spec(
        .oneForOne, autoShutdown: .allSignificant,
        [
          child("a", restart: .temporary, significant: true), child("b", restart: .transient, significant: true),
          child("c"),
        ]))
    bench.runUntilReady()
    bench.fail(1)
    bench.finish(0)
    #expect(!bench.machine.isStopping)
    bench.advance(by: .seconds(1))
    bench.ready(1)
    bench.finish(1)
    #expect(bench.machine.isStopping)
  }

  @Test("API termination never triggers, though it can be what leaves only one", arguments: Strategy.allCases)
  func byRequest(strategy: Strategy) throws {
    for mode in [AutoShutdown.anySignificant, .allSignificant] {
      for restart in [RestartType.transient, .temporary] {
        var bench = MachineBench(
          try spec(
            strategy, autoShutdown: mode,
            [child("a", restart: restart, significant: true), child("b", restart: restart, significant: true)]))
        bench.runUntilReady()
        bench.terminateChild("a")
        bench.fail(0, CancellationError())
        #expect(!bench.machine.isStopping)
        bench.finish(1)
        #expect(bench.machine.isStopping)
      }
    }
  }

  @Test(
    "significant_bystander: going down with another triggers nothing", arguments: [Strategy.oneForAll, .restForOne])
  func bystander(strategy: Strategy) throws {
    for mode in [AutoShutdown.anySignificant, .allSignificant] {
      var bench = MachineBench(
        try spec(
          strategy, autoShutdown: mode, backoff: .none,
          [
            child("a"), child("b", restart: .temporary, significant: true),
            child("c", restart: .transient, significant: true),
          ]))
      bench.runUntilReady()
      bench.fail(0)
      // One that ends by itself on the way down is a bystander as well.
      bench.finish(1)
      bench.finish(2)
      bench.ready(0)
      bench.ready(2)
      #expect(bench.result == nil && !bench.machine.isStopping)
      #expect([0, 1, 2].map(bench.generation) == [2, 1, 2])
    }
  }

  @Test("significance that could never matter is refused")
  func refused() throws {
    #expect(throws: SpecError.significantPermanent(child: "a")) {
      _ = try spec(.oneForOne, autoShutdown: .anySignificant, [child("a", significant: true)])
    }
    #expect(throws: SpecError.significantInVain(child: "a", supervisor: "root")) {
      _ = try spec(.oneForOne, [child("a", restart: .transient, significant: true)])
    }
  }

  @Test("significant_upgrade: a reload of the mode, or of the flag, holds for children that run")
  func upgrade() throws {
    /// Both children, with these flags.
    func two(_ mode: AutoShutdown, _ flags: [Bool]) throws -> SupervisorSpec {
      try spec(
        .oneForOne, autoShutdown: mode,
        [
          child("a", restart: .transient, significant: flags[0]),
          child("b", restart: .transient, significant: flags[1]),
        ])
    }
    let modes: [(AutoShutdown, AutoShutdown, [Bool], endsAfterOne: Bool, endsAfterTwo: Bool)] = [
      (.never, .anySignificant, [true, true], true, true), (.anySignificant, .never, [false, false], false, false),
      (.never, .allSignificant, [true, true], false, true), (.allSignificant, .never, [false, false], false, false),
      (.anySignificant, .allSignificant, [true, true], false, true),
      (.allSignificant, .anySignificant, [true, true], true, true),
      (.anySignificant, .anySignificant, [false, true], false, true),
    ]
    for (old, new, flags, one, both) in modes {
      let before = old == .never ? [false, false] : [true, true]
      var bench = MachineBench(try two(old, before))
      bench.runUntilReady()
      #expect(bench.reload(try two(new, flags)) == nil)
      bench.finish(0)
      #expect(bench.machine.isStopping == one, "\(old) to \(new)")
      bench.finish(1)
      #expect(bench.machine.isStopping == both, "\(old) to \(new)")
    }
  }
}
