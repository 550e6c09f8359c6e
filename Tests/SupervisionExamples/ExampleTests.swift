import Supervision
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite("Examples of the documentation", .timeLimit(.minutes(5)))
struct ExampleTests {
  /// The folder of the package.
  static let package = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()

  @Test("every example in the articles is compiled here, word for word")
  func compiled() throws {
    let articles = Self.package + "/Sources/Supervisor/Supervision.docc"
    let examples = try String(
      contentsOfFile: Self.package + "/Tests/SupervisionExamples/Examples.swift", encoding: .utf8)
    var count = 0
    for name in try FileManager.default.contentsOfDirectory(atPath: articles) where name.hasSuffix(".md") {
      let text = try String(contentsOfFile: "\(articles)/\(name)", encoding: .utf8)
      for block in text.split(separator: "```swift\n").dropFirst() {
        let example = block.prefix(upTo: block.firstRange(of: "```")?.lowerBound ?? block.endIndex)
        #expect(examples.contains(example), "\(name): \(example.prefix(80))")
        count += 1
      }
    }
    #expect(count == 5)
  }

  @Test("the first example runs until it is cancelled, and says that everything stopped")
  func first() async throws {
    let (connected, tell) = AsyncStream.makeStream(of: Void.self)
    let service = Task { try await run { tell.yield() } }
    for await _ in connected { break }
    service.cancel()
    let report = try await service.value
    #expect(report.unstopped.isEmpty && report.failures.isEmpty)
  }

  @Test("reader finds the cache that started before it")
  func references() async throws {
    let supervisor = Supervisor(
      spec: try cacheAndReader(), clock: SupervisionClock(ContinuousClock()), seed: 1, events: { _ in })
    async let report = supervisor.run()
    try await supervisor.waitUntilReady()
    #expect(await supervisor.whichChildren().map(\.id) == ["reader", "cache"])
    supervisor.stop()
    #expect(try await report.stopped == ["reader", "cache"])
  }

  @Test("a worker of the pool hands over what it is ready with")
  func pool() async throws {
    let pool = Ref<ChildPool<Int>>("workers")
    let supervisor = Supervisor(
      spec: try workers(pool), clock: SupervisionClock(ContinuousClock()), seed: 1, events: { _ in })
    async let report = supervisor.run()
    try await supervisor.waitUntilReady()
    let started = try await pool.get().startChild(7)
    #expect(started.start.info as? String == "worker 7")
    supervisor.stop()
    #expect(try await report.unstopped.isEmpty)
  }

  @Test("what an older generation writes is refused")
  func fenced() async throws {
    let log = Log()
    let context = ChildContext(id: "writer", generation: 2, clock: SupervisionClock(ContinuousClock()))
    try await write("new", to: log, context)
    let older = ChildContext(id: "writer", generation: 1, clock: SupervisionClock(ContinuousClock()))
    await #expect(throws: CancellationError.self) { try await write("old", to: log, older) }
    #expect(await log.lines == ["new"])
  }

  @Test("a child with a heartbeat beats for as long as it runs")
  func heartbeat() {
    #expect(reader {}.heartbeat == .seconds(30))
  }
}
