import TestSupport
import Testing

@testable import Supervision

/// Keeps jobs until a test runs them.
final class HeldExecutor: TaskExecutor {
  /// What waits.
  private let jobs = Locked<[UnownedJob]>([])

  /// Keeps a job.
  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    jobs.withLock { $0.append(job) }
  }

  /// How many wait.
  var count: Int { jobs.withLock { $0.count } }

  /// Runs what waits, once.
  func run() {
    let waiting = jobs.withLock { jobs -> [UnownedJob] in
      defer { jobs = [] }
      return jobs
    }
    for job in waiting { job.runSynchronously(on: asUnownedTaskExecutor()) }
  }
}

/// Who handles what is posted.
@Suite(.timeLimit(.minutes(5))) struct TurnTests {
  /// A supervisor whose tasks a test runs.
  private func make(_ executor: HeldExecutor) throws -> Supervisor {
    Supervisor(
      spec: try spec(.oneForOne, []), clock: SupervisionClock(ManualClock()), seed: 1,
      spawner: TaskSpawner(executor: executor)
    ) { _ in }
  }

  @Test("who posts handles what waits, in order, but no more than its share; a task goes on from there")
  func limit() throws {
    let executor = HeldExecutor()
    let supervisor = try make(executor)
    let seen = EventRecorder<Int>()
    let total = Defaults.turnLimit * 3
    supervisor.post(
      .request { supervisor in
        for number in 0..<total { supervisor.post(.request { _ in seen.record(number) }) }
        #expect(seen.all.isEmpty, "the turn is taken: what is posted waits")
      })
    #expect(seen.all == Array(0..<Defaults.turnLimit))
    #expect(executor.count == 1)
    executor.run()
    #expect(seen.all.count == Defaults.turnLimit * 2)
    executor.run()
    executor.run()
    #expect(seen.all == Array(0..<total))
    #expect(executor.count == 0)
    // The turn is free again.
    supervisor.post(.request { _ in seen.record(-1) })
    #expect(seen.all.last == -1)
  }

  @Test("a stop is handled by a task of its own: it may come from where nothing may be done")
  func later() throws {
    let executor = HeldExecutor()
    let supervisor = try make(executor)
    supervisor.stop()
    supervisor.stop()
    #expect(executor.count == 1)
    // What is posted meanwhile comes after it.
    let phases = EventRecorder<Bool>()
    supervisor.post(
      .request {
        if case .idle(stopAsked: true) = $0.machine.phase { phases.record(true) }
      })
    #expect(phases.all.isEmpty)
    executor.run()
    #expect(phases.all == [true])
    #expect(executor.count == 0)
  }
}
