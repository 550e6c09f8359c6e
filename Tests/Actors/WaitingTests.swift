import Platform
import Stores
import Supervision
import TestSupport
import Testing

@testable import Actors

/// What tasks wait on: nobody is forgotten, nothing is answered twice.
@Suite("Waiting", .timeLimit(.minutes(5)))
struct WaitingTests {
  @Test("a poke before the wait is not lost, many count as one, and a cancelled wait takes none")
  func wakeup() async {
    let wakeup = Wakeup()
    wakeup.poke()
    wakeup.poke()
    await wakeup.wait()
    let cancelled = Task { await wakeup.wait() }
    cancelled.cancel()
    await cancelled.value
    wakeup.poke()
    let gone = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      await wakeup.wait()
    }
    await gone.value
    await wakeup.wait()
    #expect(!wakeup.isWaitedFor)
  }

  @Test("one poke wakes the loops of two incarnations")
  func wakeupOfTwo() async throws {
    let wakeup = Wakeup()
    async let first: Void = wakeup.wait()
    try await wakeup.waitForWaiters(1)
    let second = Task { await wakeup.wait() }
    try await wakeup.waitForWaiters(2)
    wakeup.poke()
    _ = await first
    await second.value
  }

  @Test("waiting until a time ends at the time, at a poke, or at a cancellation")
  func wakeupUntil() async {
    let manual = ManualClock()
    let clock = SupervisionClock(manual)
    let wakeup = Wakeup()
    let timed = Task { await wakeup.wait(until: .seconds(5), clock: clock) }
    await manual.waitForSleepers(1)
    manual.advance(by: .seconds(5))
    await timed.value
    let poked = Task { await wakeup.wait(until: .seconds(500), clock: clock) }
    await manual.waitForSleepers(1)
    wakeup.poke()
    await poked.value
    #expect(manual.sleeperCount == 0)
    let cancelled = Task { await wakeup.wait(until: .seconds(500), clock: clock) }
    await manual.waitForSleepers(1)
    cancelled.cancel()
    await cancelled.value
  }

  @Test("an end reaches who waits, who asks late, and nobody twice; a stop answers the rest")
  func runEnds() async throws {
    let ends = RunEnds()
    let early = Task { await ends.wait(for: "a", after: 0) }
    try await ends.waitForWaiters(1)
    let end = RunEnd(run: "a", state: .succeeded, result: "updated", error: nil)
    ends.tell(end)
    #expect(await early.value == end)
    #expect(await ends.wait(for: "a", after: 0) == end)
    let again = Task { await ends.wait(for: "a", after: ends.mark) }
    let left = Task { await ends.wait(for: "b", after: 0) }
    try await ends.waitForWaiters(2)
    left.cancel()
    #expect(await left.value == nil)
    ends.close()
    #expect(await again.value?.state == .interrupted)
    #expect(await ends.wait(for: "c", after: 0)?.state == .interrupted)
    #expect(ends.waiting == 0)
  }

  @Test("ends are remembered up to a bound, and so many callers wait, and no more")
  func runEndsBounds() async throws {
    let ends = RunEnds()
    for index in 0...RunEnds.remembered {
      ends.tell(RunEnd(run: "\(index)", state: .succeeded, result: nil, error: nil))
    }
    #expect(ends.end(of: "0") == nil)
    #expect(ends.end(of: "1") != nil)
    try await withThrowingTaskGroup(of: RunEnd?.self) { group in
      for _ in 0..<RunEnds.maximumWaiters { group.addTask { await ends.wait(for: "x", after: 0) } }
      try await ends.waitForWaiters(RunEnds.maximumWaiters)
      #expect(await ends.wait(for: "x", after: 0)?.error?.contains("wait for runs already") == true)
      ends.close()
    }
  }

  @Test("each check that is asked for is answered once, whoever leaves first")
  func checkQueue() async throws {
    let wakeup = Wakeup()
    let queue = CheckQueue(wakeup: wakeup)
    let first = Task { await queue.ask(only: nil, isDryRun: true) }
    await wakeup.wait()
    let request = try #require(queue.next())
    queue.answer(request, .success([]))
    queue.answer(request, .success([]))
    #expect(try await first.value.get().isEmpty)

    let left = Task { await queue.ask(only: ["a"], isDryRun: false) }
    await wakeup.wait()
    left.cancel()
    await #expect(throws: StoreFailure.self) { try await left.value.get() }
    #expect(queue.next() == nil)

    let running = Task { await queue.ask(only: nil, isDryRun: false) }
    await wakeup.wait()
    let taken = try #require(queue.next())
    let waiting = Task { await queue.ask(only: nil, isDryRun: false) }
    await wakeup.wait()
    queue.close()
    for task in [running, waiting] {
      await #expect(throws: StoreFailure.self) { try await task.value.get() }
    }
    queue.answer(taken, .success([]))
    #expect(queue.next() == nil)
    await #expect(throws: StoreFailure.self) { try await queue.ask(only: nil, isDryRun: false).get() }
  }

  @Test("a turnstile lets one through at a time, in order")
  func turnstile() async throws {
    let turnstile = Turnstile()
    let gate = Gate()
    let order = EventRecorder<Int>()
    let inside = Guarded(0)
    let entered = EventRecorder<Int>()
    let first = Task {
      await turnstile.pass {
        inside.change { $0 += 1 }
        entered.record(0)
        _ = await gate.wait()
        order.record(0)
        inside.change { $0 -= 1 }
      }
    }
    await entered.waitFor { $0 == 0 }
    var others: [Task<Void, Never>] = []
    for index in 1...3 {
      others.append(
        Task {
          await turnstile.pass {
            let count = inside.change { count in
              count += 1
              return count
            }
            #expect(count == 1)
            // house-rules: allow yielding-test: nothing is waited for, this is where another one could get in
            await Task.yield()
            order.record(index)
            inside.change { $0 -= 1 }
          }
        })
      #expect(try await comes { turnstile.blockUntil(waiting: { $0 >= index }, atMost: $0) })
    }
    gate.open()
    await first.value
    for task in others { await task.value }
    #expect(order.all == [0, 1, 2, 3])
  }

  @Test("replies keep their order, progress is bounded, the final one is never dropped and the last")
  func replyQueue() {
    let queue = ReplyQueue()
    func progress(_ stage: String) -> ControlReply {
      var reply = ControlReply()
      reply.progress = StatusReport.Lane.Run(id: "r", model: "m", stage: stage)
      return reply
    }
    #expect(queue.next(atMost: .zero) == nil)
    for index in 0..<(ReplyQueue.maximumProgress + 10) { queue.push(progress("\(index)")) }
    var final = ControlReply()
    final.error = "no"
    queue.push(final)
    queue.push(progress("late"))
    queue.push(final)
    for index in 0..<ReplyQueue.maximumProgress {
      #expect(queue.next(atMost: .zero)?.progress?.stage == "\(index)")
    }
    #expect(queue.next(atMost: .zero)?.error == "no")
    #expect(queue.next(atMost: .zero) == nil)
  }
}
