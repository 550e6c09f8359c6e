import Actors
import Journal
import Platform
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The monitor inside a program that knows nothing but the library.
@Suite("Embedding", .timeLimit(.minutes(5)))
struct EmbeddingTests {
  @Test("the example starts a monitor in a directory that does not exist yet, prints its status, and stops it")
  func example() async throws {
    let bench = try MonitorBench()
    let directory = bench.directory + "/new/state"
    let output = Guarded<[UInt8]>([])
    let result = try await PosixProcessRunner().run(
      ProcessCommand(program: try Self.program(), arguments: [directory, "127.0.0.1:1"], environment: [:])
    ) { piece in
      if case .standardOutput(let bytes) = piece { output.withLock { $0 += bytes } }
    }
    #expect(result.ending == .exited(code: 0))
    let status = try JSON.decode(StatusReport.self, from: String(decoding: output.withLock { $0 }, as: UTF8.self))
    #expect(status.state == "running")
    #expect(
      status.children.map(\.id) == [
        "journal", "outbox", "runs", "retrain", "monitor", "notify", "control", "learning",
      ])
    #expect(status.children.allSatisfy { $0.state == "ready" })
    #expect(status.lane.server == "http://127.0.0.1:1")
    #expect(access(directory + "/model_retrainer.log", F_OK) == 0)
    // The stop was complete: nothing holds the directory, and the journal reads.
    try FileLock.acquire(path: directory + "/retraind.lock").release()
    let journal = try await Journal.open(path: directory + "/retraind.db", readOnly: true)
    #expect(try await journal.openRuns().isEmpty)
    await journal.close()
  }

  /// The example beside the test bundle.
  private static func program() throws -> String {
    var starts = CommandLine.arguments.filter { $0.hasPrefix("/") || $0.contains(".xctest") }
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    #if os(Linux)
      let count = readlink("/proc/self/exe", &buffer, buffer.count)
      if count > 0 {
        starts.append(String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self))
      }
    #endif
    for start in starts {
      var directory = start
      while let slash = directory.lastIndex(of: "/"), slash > directory.startIndex {
        directory = String(directory[..<slash])
        if access(directory + "/EmbeddedMonitor", X_OK) == 0 { return directory + "/EmbeddedMonitor" }
      }
    }
    throw NotBuilt(description: "EmbeddedMonitor is not beside the tests (looked above \(starts))")
  }

  /// The example is missing.
  private struct NotBuilt: Error, CustomStringConvertible {
    var description: String
  }
}
