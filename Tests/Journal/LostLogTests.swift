import Platform
import Rules
import Testing

@testable import Journal

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The log beside the file, removed or replaced while it is open.
@Suite(.timeLimit(.minutes(5))) struct LostLogTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func remove(_ suffixes: [String]) throws {
    for suffix in suffixes { try FileManager.default.removeItem(atPath: directory.file() + suffix) }
  }

  /// What somebody else finds who opens the file as a killed process would leave it.
  private func memoriesAfterKill() async throws -> [Int] {
    let journal = try await Journal.open(path: try directory.copyAsAfterKill())
    var found: [Int] = []
    for model in ["before", "after"] { found.append(try await journal.memory(of: model).failures) }
    await journal.close()
    return found
  }

  private func remember(_ model: String, in journal: Journal) async throws {
    try await journal.updateMemory(of: model) { $0 = Sample.memory }
  }

  @Test(arguments: [["-wal", "-shm"], ["-wal"], ["-shm"]])
  func whatWasRecordedAndWhatIsRecordedNextIsKept(gone: [String]) async throws {
    let mended = Guarded<[String]>([])
    let journal = try await Journal.open(
      path: directory.file(), onMended: { text in mended.withLock { $0.append(text) } })
    try await remember("before", in: journal)
    try remove(gone)
    try await remember("after", in: journal)
    #expect(try await memoriesAfterKill() == [2, 2])
    #expect(mended.withLock { $0 }.count == 1)
    // And nothing is amiss afterwards.
    try await remember("after", in: journal)
    #expect(await journal.unwritable() == nil)
    #expect(mended.withLock { $0 }.count == 1)
    let shell = try SQLiteDatabase(path: directory.file())
    #expect(try shell.query("PRAGMA integrity_check") { row in row[0].text } == ["ok"])
  }

  @Test func whatWasRecordedOutlivesTheEnd() async throws {
    let journal = try await Journal.open(path: directory.file())
    try await remember("before", in: journal)
    let shell = try SQLiteDatabase(path: directory.file(), access: .readOnly)
    shell.close()
    try remove(["-wal", "-shm"])
    await journal.close(keepsLog: true)
    #expect(try await memoriesAfterKill() == [2, 0])
  }

  @Test func aLookMendsItToo() async throws {
    let journal = try await Journal.open(path: directory.file())
    try await remember("before", in: journal)
    try remove(["-wal", "-shm"])
    #expect(try await journal.memory(of: "before").failures == 2)
    #expect(try await memoriesAfterKill() == [2, 0])
  }

  @Test func whereAnotherProgramHasItOpenNothingIsRecordedUntilItHasGone() async throws {
    let journal = try await Journal.open(path: directory.file())
    try await remember("before", in: journal)
    let shell = try SQLiteDatabase(path: directory.file())
    try remove(["-wal", "-shm"])
    let failure = await #expect(throws: JournalFailure.self) { try await journal.proveWritable() }
    #expect(failure?.isTransient == true)
    #expect(failure?.description.contains("another program has the file open") == true)
    shell.close()
    try await remember("after", in: journal)
    #expect(try await memoriesAfterKill() == [2, 2])
  }

  @Test func whatAnotherProgramWroteMeanwhileIsNotWrittenOver() async throws {
    let journal = try await Journal.open(path: directory.file())
    try await remember("before", in: journal)
    try remove(["-wal", "-shm"])
    // As a program leaves it that wrote into a log of its own and was killed.
    try directory.write(Array(repeating: 7, count: 5000), to: "retraind.db-wal")
    let failure = await #expect(throws: JournalFailure.self) { try await journal.proveWritable() }
    #expect(failure?.isMoved == true)
    #expect(failure?.description.contains("another program has written since") == true)
    #expect(try directory.bytes("retraind.db-wal").count == 5000)
    try directory.move("retraind.db-wal", to: "kept")
    try await remember("after", in: journal)
    #expect(try await memoriesAfterKill() == [2, 2])
  }

  @Test func othersThatComeAndGoAreNoLoss() async throws {
    let mended = Guarded(0)
    let journal = try await Journal.open(path: directory.file(), onMended: { _ in mended.withLock { $0 += 1 } })
    for _ in 0..<3 {
      try await remember("before", in: journal)
      let shell = try SQLiteDatabase(path: directory.file())
      try shell.run("PRAGMA wal_checkpoint(TRUNCATE)")
      shell.close()
      try await journal.checkpoint()
    }
    #expect(mended.withLock { $0 } == 0)
  }
}
