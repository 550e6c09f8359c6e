import Glibc
import TestSupport
import Testing

@testable import Platform

/// An actor on a thread of its own that notes what happens in which order and where.
private actor Notebook {
  let executor: ThreadExecutor
  private(set) var entries: [Int] = []
  private(set) var threads: Set<UInt> = []

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  init(_ executor: ThreadExecutor) { self.executor = executor }

  func add(_ entry: Int) {
    entries.append(entry)
    threads.insert(UInt(pthread_self()))
  }

  /// Enqueues jobs one after the other while the thread is busy with this one.
  func addLater(_ count: Int) -> [Task<Void, Never>] {
    (0..<count).map { number in Task { self.add(number) } }
  }

  /// The thread's name, as tools show it.
  func threadName() throws -> String { try String(contents(of: "/proc/thread-self/comm").dropLast()) }

  nonisolated func assertHere() { executor.checkIsolated() }
  func check() { assertHere() }
}

@Suite(.timeLimit(.minutes(5))) struct ThreadRoomTests {
  @Test func thereIsRoomForAFew() { #expect(ThreadRoom.shortage(own: 3, mostOfPool: 2) == nil) }

  @Test func whatCannotBeStartedIsToldAndWhatCouldHasEnded() {
    let ended = Guarded(0)
    let started = Guarded(0)
    let failure = ThreadRoom.shortage(stacks: [1, 2, 3, 4]) { stack, body in
      guard stack < 3 else { return EAGAIN }
      started.withLock { $0 += 1 }
      return OwnThread.start(name: "room") {
        body()
        ended.change { $0 += 1 }
      }
    }
    #expect(failure?.code == EAGAIN)
    #expect(failure?.description.contains("only 2 of the 4 threads") == true)
    #expect(started.withLock { $0 } == 2)
    #expect(ended.wait(atMost: .seconds(240)) { $0 == 2 ? true : nil } == true)
  }
}

@Suite(.timeLimit(.minutes(5))) struct ThreadExecutorTests {
  @Test func jobsRunInOrderOnOneThread() async throws {
    let executor = try ThreadExecutor(name: "notebook")
    let notebook = Notebook(executor)
    for task in await notebook.addLater(500) { await task.value }
    #expect(await notebook.entries == Array(0..<500))
    #expect(await notebook.threads.count == 1)
    #expect(await notebook.threads.contains(UInt(pthread_self())) == false)
    #expect(try await notebook.threadName() == "notebook")
    await notebook.check()
    #expect(executor.isIsolatingCurrentContext() == false)
  }

  @Test func manyCallersLoseNothing() async throws {
    let notebook = Notebook(try ThreadExecutor(name: "busy"))
    await withTaskGroup(of: Void.self) { group in
      for caller in 0..<20 {
        group.addTask { for number in 0..<100 { await notebook.add(caller * 100 + number) } }
      }
    }
    #expect(await notebook.entries.sorted() == Array(0..<2000))
    #expect(await notebook.threads.count == 1)
  }

  @Test func stopRunsWhatWaitsAndLateJobsStillRun() async throws {
    let executor = try ThreadExecutor(name: "stopped")
    let notebook = Notebook(executor)
    let tasks = await notebook.addLater(100)
    try await onOwnThread(name: "stopper") { executor.stop() }
    await notebook.add(1000)
    for task in tasks { await task.value }
    #expect(await notebook.entries == Array(0..<100) + [1000])
    try await onOwnThread(name: "stopper") { executor.stop() }
  }

  @Test func stopFromWithinDoesNotHang() async throws {
    let executor = try ThreadExecutor(name: "within")
    let notebook = Notebook(executor)
    await notebook.stopItself()
    await notebook.add(1)
    #expect(await notebook.entries == [1])
  }

  @Test func anUnusedExecutorGoesAway() async throws {
    weak var gone: ThreadExecutor?
    let end: @Sendable (Duration) -> Bool
    do {
      let executor = try ThreadExecutor(name: "short")
      gone = executor
      end = executor.endOfThread
      await Notebook(executor).add(1)
    }
    // The last hold may be the thread's own, for the rest of its turn.
    #expect(try await comes(end))
    #expect(gone == nil)
  }
}

extension Notebook {
  fileprivate func stopItself() { executor.stop() }
}

@Suite(.timeLimit(.minutes(5))) struct OwnThreadTests {
  private struct Trouble: Error, Equatable {}

  @Test func handsBackValuesAndErrors() async throws {
    let here = UInt(pthread_self())
    #expect(try await onOwnThread(name: "worker") { UInt(pthread_self()) } != here)
    await #expect(throws: Trouble()) { try await onOwnThread(name: "worker") { throw Trouble() } }
  }

  @Test func signalsAreBlockedButForFaults() async throws {
    let mask = try await onOwnThread(name: "worker") {
      let status = try contents(of: "/proc/thread-self/status")
      let line = status.split(separator: "\n").first { $0.hasPrefix("SigBlk:") }
      return UInt64(line?.split(separator: "\t").last ?? "", radix: 16) ?? 0
    }
    for signal in [SIGHUP, SIGUSR1, SIGTERM, SIGINT, SIGCHLD, SIGPIPE] { #expect(mask & 1 << UInt64(signal - 1) != 0) }
    for signal in [SIGSEGV, SIGBUS, SIGFPE, SIGABRT] { #expect(mask & 1 << UInt64(signal - 1) == 0) }
  }

  /// In a process of its own: the bound is the whole process's.
  @Test func theNumberOfThreadsIsBounded() async {
    await #expect(processExitsWith: .success) {
      let gate = try Gate()
      let holders = (0..<64).map { _ in
        Task { try await onOwnThread(name: "held") { gate.waitUntilOpen() } }
      }
      await gate.arrivals.wait { $0.count == 64 }
      await #expect(throws: ThreadFailure.self) { try await onOwnThread(name: "one more") {} }
      gate.open()
      for holder in holders { try await holder.value }
      // The count falls just after the answer.
      #expect(await OwnThread.waitForOneOff(atMost: 63, within: comesWithin))
      try await onOwnThread(name: "again") {}
    }
  }
}

/// What threads wait at until it is opened.
private final class Gate: Sendable {
  /// Threads that came to it.
  let arrivals = EventRecorder<Void>()
  private let readEnd: Int32
  private let writeEnd: Int32

  init() throws {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw ScratchFailure() }
    readEnd = ends[0]
    writeEnd = ends[1]
  }

  func waitUntilOpen() {
    arrivals.record(())
    var byte: UInt8 = 0
    _ = read(readEnd, &byte, 1)
  }

  func open() { close(writeEnd) }
}
