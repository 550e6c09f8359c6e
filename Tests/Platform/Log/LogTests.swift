import CShims
import Glibc
import TestSupport
import Testing

@testable import Platform

@Suite(.timeLimit(.minutes(5))) struct LogTests {
  private func log(
    _ destination: LogDestination, level: LogLevel = .info, standardError: Int32 = -1,
    observer: (@Sendable (LogLevel, String) -> Void)? = nil
  ) -> Log {
    Log(
      destination: destination, level: level, format: .json, wallClock: WallClock { 0 }, observer: observer,
      standardError: standardError, retryInterval: .seconds(3600))
  }

  /// The messages of a file of JSON lines.
  private func messages(_ path: String) throws -> [String] {
    try contents(of: path).split(separator: "\n").map { line in
      let start = try #require(line.firstRange(of: "\"msg\":\"")).upperBound
      return String(line[start...].dropLast(2))
    }
  }

  @Test func fileIsMadeWithItsDirectoriesAndAppendedTo() throws {
    let scratch = try ScratchDirectory()
    let path = scratch.file("logs/deep/retrainer.log")
    for text in ["first", "second"] {
      let log = log(.file(path))
      log.info(text)
      log.close()
    }
    #expect(try messages(path) == ["first", "second"])
    #expect(permissions(of: path) & ~0o640 == 0)
    #expect(permissions(of: path) & 0o600 == 0o600)
  }

  @Test(arguments: [false, true]) func aPipeIsNoLogFile(hasReader: Bool) throws {
    let scratch = try ScratchDirectory()
    let path = scratch.file("pipe")
    try #require(mkfifo(path, 0o600) == 0)
    let reader = hasReader ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1
    defer { if reader >= 0 { close(reader) } }
    #expect(hasReader == (reader >= 0))
    var file = LogFile(path: path)
    var bytes = Array("line\n".utf8)
    #expect(file.write(&bytes) != 0)
    #expect(bytes.count == 5)
  }

  @Test func levelsFilter() throws {
    let scratch = try ScratchDirectory()
    let seen = Guarded<[String]>([])
    let log = log(.file(scratch.file("a.log"))) { level, text in seen.withLock { $0.append("\(level.name) \(text)") } }
    let made = Guarded(0)
    let message: () -> String = {
      made.withLock { $0 += 1 }
      return "quiet"
    }
    log.debug(message())
    #expect(made.withLock { $0 } == 0)
    log.info("one")
    log.setLevel(.error)
    log.warning("no")
    log.error("two")
    log.critical("three")
    log.setLevel(.debug)
    log.debug("four")
    #expect(log.flush())
    #expect(try messages(scratch.file("a.log")) == ["one", "two", "three", "four"])
    #expect(seen.withLock { $0 } == ["INFO one", "ERROR two", "CRITICAL three", "DEBUG four"])
    #expect(log.level == .debug)
  }

  @Test func reopenAfterRotation() throws {
    let scratch = try ScratchDirectory()
    let path = scratch.file("r.log")
    let log = log(.file(path))
    log.info("old")
    log.flush()
    rename(path, path + ".1")
    log.info("still old")
    log.reopen()
    log.flush()
    #expect(try contents(of: path).isEmpty, "the new file is there before its first line")
    log.info("new")
    log.flush()
    #expect(try messages(path + ".1") == ["old", "still old"])
    #expect(try messages(path) == ["new"])
  }

  @Test func manyThreadsKeepTheirLinesWhole() async throws {
    let scratch = try ScratchDirectory()
    let path = scratch.file("m.log")
    let log = log(.file(path))
    await withTaskGroup(of: Void.self) { group in
      for writer in 0..<8 {
        group.addTask {
          for number in 0..<200 { log.info("w\(writer) n\(number)") }
        }
      }
    }
    log.close()
    let found = try messages(path)
    #expect(log.lostLines == 0)
    for writer in 0..<8 {
      #expect(found.filter { $0.hasPrefix("w\(writer) ") } == (0..<200).map { "w\(writer) n\($0)" })
    }
  }

  @Test func failingDiskIsToldOnceAndRecovers() throws {
    let scratch = try ScratchDirectory()
    let blocker = try scratch.make("logs")
    let notices = scratch.file("stderr")
    let standardError = open(notices, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    defer { close(standardError) }
    let log = log(.file(scratch.file("logs/x.log")), standardError: standardError)
    log.info("early")
    #expect(!log.flush())
    log.info("later")
    #expect(!log.flush())
    #expect(log.failure?.contains("Not a directory") == true)
    unlink(blocker)
    #expect(log.flush())
    #expect(log.failure == nil)
    #expect(try messages(scratch.file("logs/x.log")) == ["early", "later"])
    #expect(try contents(of: notices).split(separator: "\n").count == 1)
    #expect(try contents(of: notices).contains("logs/x.log cannot be written: Not a directory"))
  }

  @Test func fullQueueCountsAndReportsWhatItLost() throws {
    let scratch = try ScratchDirectory()
    let blocker = try scratch.make("logs")
    let log = log(.file(scratch.file("logs/x.log")))
    log.info("0")
    #expect(!log.flush())
    let total = 10_000
    for number in 1..<total { log.info("\(number)") }
    #expect(log.lostLines == total - 1 - LogWriter.maximumLines)
    let lost = log.lostLines
    unlink(blocker)
    #expect(log.flush())
    log.info("after")
    log.close()
    let kept = (0...LogWriter.maximumLines).map { "\($0)" }
    let found = try messages(scratch.file("logs/x.log"))
    #expect(found.prefix(kept.count) == kept[...])
    #expect(found.count == kept.count + 2)
    #expect(found[kept.count].hasPrefix("\(lost) log lines are missing here: "))
    #expect(found.last == "after")
  }

  @Test func fullDiskIsAnErrorToNobody() throws {
    let log = log(.file("/dev/full"))
    log.info("x")
    #expect(!log.flush())
    #expect(log.failure?.contains("No space left on device") == true)
    log.close()
    #expect(log.lostLines == 1)
    log.info("too late")
    #expect(log.lostLines == 2)
  }

  @Test func bothDestinationsGetTheLines() throws {
    let scratch = try ScratchDirectory()
    let standardError = open(scratch.file("stderr"), O_WRONLY | O_CREAT | O_APPEND, 0o600)
    defer { close(standardError) }
    let both = log(.both(scratch.file("b.log")), standardError: standardError)
    both.info("hello")
    both.close()
    let alone = log(.standardError, standardError: standardError)
    alone.info("again")
    alone.close()
    #expect(try messages(scratch.file("b.log")) == ["hello"])
    #expect(try messages(scratch.file("stderr")) == ["hello", "again"])
  }

  @Test func withoutAThreadTheLastWordGoesToStandardErrorAtOnce() throws {
    let scratch = try ScratchDirectory()
    let standardError = open(scratch.file("stderr"), O_WRONLY | O_CREAT | O_APPEND, 0o600)
    defer { close(standardError) }
    for destination in [LogDestination.both(scratch.file("x.log")), .standardError, .file(scratch.file("y.log"))] {
      let log = Log(
        destination: destination, level: .info, format: .json, wallClock: WallClock { 0 },
        standardError: standardError, retryInterval: .seconds(3600), startThread: { _ in EAGAIN })
      log.info("whispered")
      log.critical("the last word")
      #expect(!log.flush())
      #expect(log.failure?.contains("thread could not be started") == true)
    }
    // A log that goes to a file alone leaves standard error to others.
    #expect(try messages(scratch.file("stderr")) == ["the last word", "the last word"])
  }

  @Test func fileThatRefusesDoesNotKeepStandardErrorWaiting() throws {
    let scratch = try ScratchDirectory()
    let blocker = try scratch.make("logs")
    let standardError = open(scratch.file("stderr"), O_WRONLY | O_CREAT | O_APPEND, 0o600)
    defer { close(standardError) }
    let log = log(.both(scratch.file("logs/x.log")), standardError: standardError)
    log.info("first")
    #expect(!log.flush())
    log.info("second")
    #expect(!log.flush())
    let shown = try contents(of: scratch.file("stderr"))
    #expect(shown.contains("first"))
    #expect(shown.contains("second"))
    #expect(shown.count(of: "logs/x.log cannot be written: Not a directory") == 1)
    unlink(blocker)
    #expect(log.flush())
    log.info("third")
    log.close()
    #expect(try messages(scratch.file("logs/x.log")) == ["first", "second", "third"])
    #expect(log.lostLines == 0)
  }

  @Test func fileThatNeverTakesLinesLosesThemInTheFileOnly() throws {
    let scratch = try ScratchDirectory()
    let standardError = open(scratch.file("stderr"), O_WRONLY | O_CREAT | O_APPEND, 0o600)
    defer { close(standardError) }
    let log = log(.both("/dev/full"), standardError: standardError)
    for number in 0..<3 { log.info("line \(number)") }
    log.close()
    #expect(log.lostLines == 3)
    let shown = try contents(of: scratch.file("stderr"))
    for number in 0..<3 { #expect(shown.contains("line \(number)")) }
  }

  @Test func readerWhoDoesNotReadStopsNobody() throws {
    var ends: [Int32] = [-1, -1]
    #expect(retraind_pipe(&ends) == 0)
    let log = log(.standardError, standardError: ends[1])
    // More than a pipe, the thread and the queue can take together: all of these calls return all the same.
    for number in 0..<20_000 { log.info("\(number) and some more text to make the line longer than it would be") }
    #expect(log.lostLines > 0)
    // A reader that goes away is an error like any other.
    close(ends[0])
    log.close()
    close(ends[1])
  }

  @Test func aPipeThatNobodyReadsHoldsUpNeitherTheFileNorTheEnd() throws {
    let scratch = try ScratchDirectory()
    var ends: [Int32] = [-1, -1]
    #expect(retraind_pipe(&ends) == 0)
    defer { for end in ends { close(end) } }
    let log = log(.both(scratch.file("x.log")), standardError: ends[1])
    // More than a pipe takes.
    let padding = String(repeating: "x", count: 100)
    for number in 0..<3000 { log.info("\(number) \(padding)") }
    let start = MonotonicMoment.now()
    #expect(log.flush())
    #expect(start.nanosecondsLeft() > -5_000_000_000)
    #expect(try messages(scratch.file("x.log")) == (0..<3000).map { "\($0) \(padding)" })
    #expect(log.lostLines == 0)
    #expect(log.failure == nil)
    // A reader that comes back is told what it missed.
    _ = retraind_set_blocking(ends[0], 0)
    var shown: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    func drain() {
      while true {
        let count = read(ends[0], &buffer, buffer.count)
        if count <= 0 { return }
        shown += buffer.prefix(count)
      }
    }
    drain()
    let taken = shown.count { $0 == UInt8(ascii: "\n") }
    #expect(taken > 0 && taken < 3000)
    log.info("after")
    log.close()
    drain()
    let lines = text(shown).split(separator: "\n")
    #expect(lines.count == taken + 2)
    #expect(lines[taken].contains("\(3000 - taken) log lines are missing here: nobody read standard error"))
    #expect(lines.last?.contains("after") == true)
    #expect(try messages(scratch.file("x.log")).last == "after")
  }

  @Test func aLogThatGoesWritesItsLines() async throws {
    let scratch = try ScratchDirectory()
    let path = scratch.file("gone.log")
    let writer: LogWriter
    do {
      let log = log(.file(path))
      log.info("last words")
      writer = log.writer
    }
    #expect(try await comes { writer.waitUntilEnded(atMost: $0) })
    #expect(try messages(path) == ["last words"])
  }
}

extension String {
  /// How often a text stands in it.
  fileprivate func count(of text: String) -> Int { ranges(of: text).count }
}
