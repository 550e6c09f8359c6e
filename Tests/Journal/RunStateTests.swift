import Testing

@testable import Journal

@Suite(.timeLimit(.minutes(5))) struct RunStateTests {
  /// Every step that is allowed besides staying in a state that is not terminal; all others are not.
  static let allowed: [RunState: [RunState]] = [
    .requested: [.recorded, .failed, .cancelled, .interrupted],
    .recorded: [.pulling, .exporting, .verifying, .promoting, .failed, .timedOut, .cancelled, .interrupted],
    .pulling: [.verifying, .failed, .timedOut, .cancelled, .interrupted],
    .exporting: [.training, .failed, .timedOut, .cancelled, .interrupted],
    .training: [.building, .failed, .timedOut, .cancelled, .interrupted],
    .building: [.verifying, .failed, .timedOut, .cancelled, .interrupted],
    .verifying: [
      .canary, .promoting, .succeeded, .rolledBack, .failed, .timedOut, .cancelled, .interrupted,
    ],
    .canary: [.promoting, .rolledBack, .failed, .timedOut, .cancelled, .interrupted],
    .promoting: [.succeeded, .rolledBack, .failed, .timedOut, .cancelled, .interrupted],
    .interrupted: [
      .recorded, .pulling, .exporting, .training, .building, .verifying, .canary, .promoting, .failed, .timedOut,
      .cancelled, .rolledBack,
    ],
    .failed: [.recorded],
    .timedOut: [.recorded],
    .succeeded: [.rolledBack],
  ]

  @Test(arguments: RunState.allCases)
  func theTableHoldsForEveryPair(state: RunState) {
    for next in RunState.allCases {
      let expected = state == next ? !state.isTerminal : Self.allowed[state, default: []].contains(next)
      #expect(state.canBecome(next) == expected, "\(state) to \(next)")
    }
  }

  @Test func theEndsAreTerminalAndAnInterruptionIsNone() {
    #expect(RunState.allCases.filter(\.isTerminal) == [.succeeded, .failed, .timedOut, .cancelled, .rolledBack])
  }

  @Test func everyOpenStateCanEndHonestly() {
    for state in RunState.allCases where !state.isTerminal {
      #expect(state.canBecome(.failed))
      #expect(state.canBecome(.cancelled))
    }
  }
}
