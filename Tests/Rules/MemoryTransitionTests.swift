import Rules
import Testing

@Suite(.timeLimit(.minutes(5))) struct MemoryTransitionTests {
  /// A finding on five bad cycles, the newest at `noon`.
  static let finding = MeanRuleTests.evaluate(steadyRows(5, accepted: 1, rejected: 9))

  /// A memory in the middle of run `r1`.
  static func running(_ change: (inout ModelMemory) -> Void = { _ in }) -> ModelMemory {
    var memory = ModelMemory()
    memory.onFired(evaluation: finding, run: "r1")
    change(&memory)
    return memory
  }

  /// Ends a run at `noon`.
  static func end(_ memory: inout ModelMemory, _ outcome: RunOutcomeKind, run: String = "r1", at: Timestamp = noon) {
    memory.onRunEnded(outcome: outcome, endedAt: at, jitter: 0, run: run)
  }

  @Test func firingSpendsTheEvidence() {
    var memory = ModelMemory(failures: 2, retryAt: noon, retryRun: "r0")
    memory.onFired(evaluation: Self.finding, run: "r1")
    #expect(memory == ModelMemory(firedThrough: noon, activeRun: "r1"))
  }

  @Test func aRunThatAPersonAskedForSpendsNone() {
    var memory = ModelMemory(firedThrough: noon.adding(.hours(-9)), circuit: .open(reason: "x"))
    memory.onFired(evaluation: nil, run: "r1")
    #expect(memory == ModelMemory(firedThrough: noon.adding(.hours(-9)), activeRun: "r1", circuit: .open(reason: "x")))
    Self.end(&memory, .failed(permanent: false, reason: "y"))
    #expect(memory.circuit == .open(reason: "x"))
    #expect(memory.retryRun == nil)
    memory.onFired(evaluation: nil, run: "r2")
    Self.end(&memory, .succeeded(.updated), run: "r2")
    #expect(memory.circuit == .closed)
  }

  @Test func aRollbackLeavesThePlannedRetryUntilItHasSucceeded() {
    var memory = Self.running()
    Self.end(&memory, .failed(permanent: false, reason: "no route"))
    let planned = memory
    memory.onRollback(run: "r2")
    #expect((memory.activeRun, memory.retryRun, memory.failures) == ("r2", "r1", 1))
    memory.activeRun = nil
    #expect(memory == planned)
    memory.onRollback(run: "r3")
    Self.end(&memory, .succeeded(.updated), run: "r3")
    #expect((memory.activeRun, memory.retryRun, memory.failures) == (nil, nil, 0))
  }

  @Test(arguments: RunChange.allCases)
  func successResetsEverything(change: RunChange) {
    var memory = Self.running {
      $0.failures = 2
      $0.circuit = .open(reason: "x")
      $0.windowStart = noon.adding(.hours(-100))
    }
    let ended = noon.adding(.hours(1))
    Self.end(&memory, .succeeded(change), at: ended)
    #expect(
      memory
        == ModelMemory(
          firedThrough: noon, lastRunEnded: ended, lastChange: change,
          windowStart: change == .alreadyCurrent ? noon.adding(.hours(-100)) : ended))
  }

  @Test func threeFailuresOpenTheCircuit() {
    var memory = Self.running()
    for (attempt, minutes) in [(1, 15), (2, 30)] as [(Int, Int64)] {
      Self.end(&memory, .failed(permanent: false, reason: "no route"))
      #expect(memory.failures == attempt)
      #expect(memory.retryRun == "r1")
      #expect(memory.retryAt == noon.adding(.minutes(minutes)))
      #expect(memory.activeRun == nil)
      #expect(memory.lastRunEnded == noon)
      #expect(memory.circuit == .closed)
      memory.onFired(evaluation: Self.finding, run: "r1")
      #expect(memory.failures == attempt)
      #expect(memory.retryRun == nil && memory.retryAt == nil && memory.activeRun == "r1")
    }
    Self.end(&memory, .timedOut(progressed: false))
    #expect(memory.failures == 3)
    #expect(
      memory.circuit == .open(reason: "3 attempts failed, the last one: it timed out and got no further than before"))
    #expect(memory.retryRun == nil && memory.retryAt == nil && memory.activeRun == nil)
  }

  @Test func aPermanentErrorOpensItAtOnce() {
    var memory = Self.running()
    Self.end(&memory, .failed(permanent: true, reason: "the registry knows no model m"))
    #expect(memory.circuit == .open(reason: "the registry knows no model m"))
    #expect(memory.failures == 1)
    #expect(memory.retryRun == nil && memory.retryAt == nil && memory.activeRun == nil)
  }

  @Test func progressIsNoFailure() {
    var memory = Self.running { $0.failures = 2 }
    for _ in 0..<10 {
      Self.end(&memory, .timedOut(progressed: true))
      #expect(memory.failures == 2)
      #expect(memory.retryAt == noon.adding(.minutes(15)))
      #expect(memory.retryRun == "r1")
      #expect(memory.circuit == .closed)
      memory.onFired(evaluation: Self.finding, run: "r1")
    }
  }

  @Test func aFailureReportedTwiceCountsOnce() {
    var memory = Self.running()
    Self.end(&memory, .failed(permanent: false, reason: "x"))
    let once = memory
    Self.end(&memory, .failed(permanent: false, reason: "x"), at: noon.adding(.hours(1)))
    #expect(memory == once)
    Self.end(&memory, .timedOut(progressed: false))
    Self.end(&memory, .timedOut(progressed: true))
    #expect(memory == once)
  }

  @Test func cancelledClearsAndTheEvidenceStaysSpent() {
    var memory = Self.running { $0.failures = 2 }
    Self.end(&memory, .cancelled)
    #expect(memory == ModelMemory(firedThrough: noon, lastRunEnded: noon))
    var waiting = Self.running()
    Self.end(&waiting, .failed(permanent: false, reason: "x"))
    Self.end(&waiting, .cancelled)
    #expect(waiting.retryRun == nil && waiting.retryAt == nil && waiting.failures == 0)
  }

  @Test func interruptedIsStillTheRun() {
    var memory = Self.running { $0.failures = 1 }
    let before = memory
    Self.end(&memory, .interrupted)
    #expect(memory == before)
    // The adopted run goes on: its failures still count.
    memory.onFired(evaluation: nil, run: "r1")
    #expect(memory.failures == 1)
    var fresh = ModelMemory()
    Self.end(&fresh, .interrupted)
    #expect(fresh.activeRun == "r1")
  }

  /// A run that was abandoned reports late, while another one is active.
  @Test(
    arguments: [
      .failed(permanent: true, reason: "x"), .failed(permanent: false, reason: "x"), .timedOut(progressed: true),
      .timedOut(progressed: false), .cancelled, .interrupted,
    ] as [RunOutcomeKind])
  func aStrangersEndChangesNothing(outcome: RunOutcomeKind) {
    var memory = Self.running()
    Self.end(&memory, outcome, run: "r0")
    #expect(memory == Self.running())
  }

  @Test func aStrangersSuccessStillChangedTheModel() {
    var memory = Self.running { $0.failures = 1 }
    Self.end(&memory, .succeeded(.updated), run: "r0")
    #expect(memory.activeRun == "r1")
    #expect(memory.failures == 1)
    #expect(memory.windowStart == noon && memory.lastChange == .updated && memory.lastRunEnded == noon)
  }

  @Test func aChangedConfigurationClosesTheCircuit() {
    var memory = ModelMemory(firedThrough: noon, failures: 3, circuit: .open(reason: "x"))
    memory.onConfigurationChanged()
    #expect(memory == ModelMemory(firedThrough: noon))
    var retrying = ModelMemory(failures: 1, retryAt: noon, retryRun: "r1")
    let before = retrying
    retrying.onConfigurationChanged()
    #expect(retrying == before)
  }

  @Test func hostileNumbersDoNotTrap() {
    for failures in [Int.min, -1, .max] {
      var memory = ModelMemory(failures: failures, activeRun: "r1")
      memory.onRunEnded(
        outcome: .failed(permanent: false, reason: "x"), endedAt: Timestamp(microseconds: .max), jitter: .nan, run: "r1"
      )
      #expect(memory.failures > 0)
    }
  }
}
