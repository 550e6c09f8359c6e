import Testing

@testable import Platform

@Suite struct SQLiteThreadTests {
  /// An actor on a thread of its own that counts.
  private actor Counter {
    private let thread: SQLiteThread
    private var count = 0
    init(onEnd: @escaping @Sendable () -> Void = {}) throws { thread = try SQLiteThread(onEnd: onEnd) }
    deinit { thread.stop() }
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }
    func add() -> Int {
      preconditionIsolated()
      count += 1
      return count
    }
  }

  @Test func jobsRunOneAfterTheOther() async throws {
    let counter = try Counter()
    let seen = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<500 { group.addTask { await counter.add() } }
      return await group.reduce(into: Set()) { $0.insert($1) }
    }
    #expect(seen == Set(1...500))
  }

  @Test func theThreadEndsWithItsActor() async throws {
    let (ends, continuation) = AsyncStream.makeStream(of: Void.self)
    do {
      let counter = try Counter(onEnd: { continuation.finish() })
      #expect(await counter.add() == 1)
    }
    for await _ in ends {}
  }
}
