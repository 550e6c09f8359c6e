import Supervision
import SupervisionTesting
import Testing

/// OTP's cases about what a specification may say.
@Suite("specifications", .timeLimit(.minutes(5))) struct SpecificationTests {
  /// A child of a combination.
  struct Combination {
    /// What it is.
    let kind: ChildKind
    /// When it is started again.
    let restart: RestartType
    /// Whether its end may end the supervisor.
    let significant: Bool
    /// How it is stopped.
    let shutdown: Shutdown
    /// How long it may be silent.
    let heartbeat: Duration?

    /// All combinations.
    static var all: [Combination] {
      var all: [Combination] = []
      for kind in ChildKind.allCases {
        for restart in RestartType.allCases {
          for significant in [false, true] {
            for shutdown in [Shutdown.grace(.zero), .grace(.seconds(1)), .atOnce, .infinity] {
              for heartbeat in [nil, Duration.seconds(1)] {
                all.append(
                  Combination(
                    kind: kind, restart: restart, significant: significant, shutdown: shutdown, heartbeat: heartbeat))
              }
            }
          }
        }
      }
      return all
    }

    /// The child.
    var spec: ChildSpec {
      ChildSpec(
        id: "a", kind: kind, restart: restart, significant: significant, shutdown: shutdown, heartbeat: heartbeat
      ) { $0.ready() }
    }
  }

  // Adapted: OTP's wrong types do not compile; the cross product of what does compile is accepted but for significance.
  /// Mutants: significant-permanent-accepted, significant-in-vain-accepted.
  @Test(
    "child_specs: every legal combination is accepted, and every other refused by its own error",
    arguments: AutoShutdown.allCases)
  func childSpecs(autoShutdown: AutoShutdown) throws {
    #expect(Combination.all.count == 96)
    for combination in Combination.all {
      let expected: SpecError? =
        switch (combination.significant, combination.restart, autoShutdown) {
        case (true, .permanent, _): .significantPermanent(child: "a")
        case (true, _, .never): .significantInVain(child: "a", supervisor: "root")
        default: nil
        }
      var error: SpecError?
      do throws(SpecError) {
        _ = try SupervisorSpec(
          id: "root", strategy: .oneForOne, autoShutdown: autoShutdown, children: [combination.spec])
      } catch let refusal { error = refusal }
      #expect(error == expected, "\(combination)")
    }
  }

  // Adapted: the same by request, where OTP takes maps.
  /// Mutants: dynamic-spec-not-checked, duplicate-ids-accepted.
  @Test("child_specs_map: a refused specification starts nothing by request either; ids are unique")
  func childSpecsMap() throws {
    try Stage.play(seeds: 1) { stage in
      let run = try stage.run([], autoShutdown: .never)
      let faulty: [(ChildSpec, SpecError)] = [
        (stage.puppet("").spec(), .emptyID(position: nil)),
        (stage.puppet("a").spec(significant: true), .significantPermanent(child: "a")),
        (
          stage.puppet("a").spec(.temporary, significant: true),
          .significantInVain(child: "a", supervisor: "root")
        ),
      ]
      for (spec, error) in faulty { #expect(throws: ChildError.invalidSpec(error)) { try run.start(spec) } }
      #expect(try run.counts() == [0, 0, 0, 0])
      #expect(stage.told == [.supervisorReady(supervisor: "root", children: 0)])
      #expect(throws: SpecError.duplicateChild(id: "a", supervisor: "root")) {
        try stage.run([stage.puppet("a").spec(), stage.puppet("b").spec(), stage.puppet("a").spec()])
      }
    }
  }

  /// A supervisor that makes no sense.
  struct Faulty: Sendable, CustomTestStringConvertible {
    /// The field that is wrong.
    let field: String
    /// Makes the specification.
    let make: @Sendable () throws -> Any

    /// Names the field.
    var testDescription: String { field }

    /// A supervisor.
    static func supervisor(
      _ field: String, intensity: Int = 1, period: Duration = .seconds(5), backoff: Backoff = .immediate,
      healthyAfter: Duration = .seconds(1), children: [ChildSpec] = []
    ) -> Faulty {
      Faulty(field: field) {
        try SupervisorSpec(
          id: "root", strategy: .oneForOne, intensity: intensity, period: period, backoff: backoff,
          healthyAfter: healthyAfter, children: children)
      }
    }
  }

  // Adapted: a wrong strategy or an unknown flag does not compile.
  /// Mutants: intensity-unchecked, period-unchecked.
  @Test(
    "sup_flags: limits that make no sense are refused by the name of the supervisor and of the field",
    arguments: [
      Faulty.supervisor("intensity", intensity: -1),
      Faulty.supervisor("intensity", intensity: .max),
      Faulty.supervisor("period", period: .zero),
      Faulty.supervisor("period", period: .seconds(-1)),
      Faulty.supervisor("period", period: .seconds(Int64.max)),
      Faulty.supervisor("period", intensity: 0, period: .zero),
      Faulty.supervisor("healthyAfter", healthyAfter: .seconds(-1)),
      Faulty.supervisor("healthyAfter", healthyAfter: .seconds(Int64.max)),
      Faulty.supervisor("backoff base", backoff: Backoff(base: .seconds(-1), jitter: 0)),
      Faulty.supervisor("backoff max", backoff: Backoff(base: .seconds(2), max: .seconds(1), jitter: 0)),
      Faulty.supervisor("backoff max", backoff: Backoff(base: .seconds(2), max: .seconds(Int64.max), jitter: 0)),
      Faulty.supervisor("backoff ratio", backoff: Backoff(ratio: 0.5)),
      Faulty.supervisor("backoff ratio", backoff: Backoff(ratio: .infinity)),
      Faulty.supervisor("backoff ratio", backoff: Backoff(ratio: .nan)),
      Faulty.supervisor("backoff jitter", backoff: Backoff(jitter: -0.1)),
      Faulty.supervisor("backoff jitter", backoff: Backoff(jitter: .nan)),
    ])
  func supFlags(faulty: Faulty) {
    let error = #expect(throws: SpecError.self) { _ = try faulty.make() }
    guard case .badNumber("root", faulty.field, _, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(error?.description.hasPrefix("root: \(faulty.field) ") == true)
  }

  // Adapted: what OTP's flags allow, these do.
  /// Mutant: intensity-zero-refused.
  @Test("sup_flags: intensity 0 is legal, and so is every strategy", arguments: Strategy.allCases)
  func supFlagsLegal(strategy: Strategy) throws {
    _ = try SupervisorSpec(id: "root", strategy: strategy, intensity: 0, period: .nanoseconds(1), children: [])
  }
}
