import Testing

@testable import Ollama

@Suite(.timeLimit(.minutes(5))) struct PullStreamTests {
  let timeouts = PullTimeouts(firstLayer: .seconds(60), stall: .seconds(90), finishing: .seconds(600))

  func stream() -> PullStream {
    PullStream(model: "big1", server: "http://127.0.0.1:11434", timeouts: timeouts, at: .zero)
  }

  /// Plays lines at their times; returns the outcome and the first stall that the watchdog would have seen.
  func play(_ lines: [Recording.Line], timeouts: PullTimeouts) -> (PullStream.Outcome, PullWatchdog.Stall?, Int64) {
    let start = lines.first?.time ?? .zero
    var stream = PullStream(model: "big1", server: "server", timeouts: timeouts, at: start)
    var stall: PullWatchdog.Stall?
    for line in lines {
      stall = stall ?? stream.stall(at: line.time)
      _ = stream.receive(Array((line.text + "\n").utf8)[...], at: line.time)
    }
    return (stream.finish(status: 200, at: lines.last?.time ?? .zero), stall, stream.watchdog.maximum)
  }

  @Test(arguments: [
    ("S01-normal-http", 0), ("S01-normal-http", 1), ("S09-stall-once", 0), ("S11-cut-fin-twice", 0),
    ("S12-cut-rst-twice", 0), ("S14-http-disconnect-resume", 1), ("S20-corrupt", 1), ("S22-tag-moves", 0),
    ("S22-tag-moves", 1), ("S22-tag-moves", 2),
  ])
  func recordedPullsThatSucceeded(name: String, number: Int) throws {
    let (outcome, stall, _) = play(Recording(try Recording.text(name)).pull(number), timeouts: timeouts)
    #expect(outcome == .success)
    #expect(stall == nil)
  }

  @Test(arguments: [
    ("S03-unknown-model", 0, ModelServerFailure.Kind.unknownModel), ("S06-500s", 0, .server), ("S06-500s", 1, .server),
    ("S06-500s", 2, .unknownModel), ("S06-500s", 3, .server), ("S05-registry-unreachable", 0, .server),
    ("S07-registry-GET-500-30s", 0, .server), ("S08-cdn-GET-503", 0, .server), ("S13-cut-forever", 0, .server),
    ("S20-corrupt", 0, .server),
  ])
  func recordedPullsThatFailed(name: String, number: Int, kind: ModelServerFailure.Kind) throws {
    let (outcome, _, _) = play(Recording(try Recording.text(name)).pull(number), timeouts: timeouts)
    guard case .failed(let failure) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(failure.kind == kind)
    #expect(failure.description.contains("big1"))
  }

  @Test(arguments: [
    ("S14-http-disconnect-resume", "A"), ("S25-server-SIGTERM-midpull", "H"), ("S26-server-SIGKILL-midpull", "H"),
    ("S24-head-slow-second-leaves", "A"),
  ])
  func recordedPullsThatBrokeOff(name: String, client: String) throws {
    let (outcome, _, _) = play(Recording(try Recording.text(name)).pull(0, client: client), timeouts: timeouts)
    #expect(outcome == .truncated)
  }

  @Test(arguments: [
    "-1", "9223372036854775807", "9223372036854775808", "99999999999999999999999", "1e400", "-1e400", "1.5", "1e3",
    "null", "true", "\"7\"", "[]", "{}",
  ])
  func anUnusableNumberIsNoReasonToFail(number: String) {
    var stream = stream()
    let lines = [
      #"{"status":"pulling manifest"}"#, #"{"status":"pulling 00","digest":"sha256:00","total":10,"completed":5}"#,
      #"{"status":"pulling 00","digest":"sha256:00","total":\#(number),"completed":\#(number)}"#,
      #"{"status":"pulling 00","digest":"sha256:00","total":10,"completed":10}"#,
      #"{"status":"pulling 01","digest":\#(number),"total":10}"#,
    ]
    var told: [PullProgress] = []
    for line in lines { told += stream.receive(Array((line + "\n").utf8)[...], at: .seconds(1)) }
    #expect(told.count == lines.count)
    #expect(told.allSatisfy { (0...1000).contains($0.total) && (0...1000).contains($0.completed) })
    #expect(stream.watchdog.maximum >= 10)
    #expect(!stream.isSettled)
    _ = stream.receive(Array("{\"status\":\"success\",\"total\":\(number)}\n".utf8)[...], at: .seconds(2))
    #expect(stream.finish(status: 200, at: .seconds(2)) == .success)
  }

  @Test(arguments: ["-1", "9223372036854775808", "1e400"])
  func anUnusableNumberHidesNoError(number: String) {
    var stream = stream()
    _ = stream.receive(Array("{\"error\":\"no space left\",\"total\":\(number)}\n".utf8)[...], at: .seconds(1))
    guard case .failed(let failure) = stream.finish(status: 200, at: .seconds(1)) else {
      Issue.record("it did not fail")
      return
    }
    #expect(failure.description.contains("no space left"))
  }

  @Test(arguments: [
    (#"{"status":"succ"#, nil as Int?, PullStream.Outcome.truncated), (#"{"status":"succ"#, 200, .truncated),
    (#"{"status":"success"}"#, nil, .success), (#"{"status":"pulling manifest"}"#, 200, .truncated),
    ("<ht", nil, .truncated),
  ])
  func aLastLineWithoutItsEnd(text: String, status: Int?, outcome: PullStream.Outcome) {
    var stream = stream()
    _ = stream.receive(Array(text.utf8)[...], at: .seconds(1))
    #expect(stream.finish(status: status, at: .seconds(1)) == outcome)
  }

  @Test(arguments: ["<html>", #"{"models":[]}"#])
  func aWholeLastLineOfSomethingElseIsNoPull(text: String) {
    var stream = stream()
    _ = stream.receive(Array(text.utf8)[...], at: .seconds(1))
    guard case .failed(let failure) = stream.finish(status: 200, at: .seconds(1)) else {
      Issue.record("it did not fail")
      return
    }
    #expect(failure.kind == .malformed)
  }

  @Test func theServersOwnRollbackIsNoStallUntilItRepeats() throws {
    // 70 s in which every byte beyond 12 MB is thrown away again and again.
    let lines = Recording(try Recording.text("S10-stall-forever-70s")).pull(0)
    let patient = play(lines, timeouts: timeouts)
    #expect(patient.1 == nil)
    #expect(patient.0 == .truncated)
    #expect(patient.2 == 6_356_992)
    let strict = play(lines, timeouts: PullTimeouts(stall: .seconds(31)))
    #expect(strict.1 == .downloading(bytes: 6_127_616))
  }

  @Test func linesWithoutProgressDoNotFeedTheWatchdog() {
    var stream = stream()
    let line = Array(
      "{\"status\":\"pulling 0123456789ab\",\"digest\":\"sha256:01\",\"total\":9,\"completed\":5}\n".utf8)
    for second in 1...90 { _ = stream.receive(line[...], at: .seconds(second)) }
    #expect(stream.stall(at: .milliseconds(90_999)) == nil)
    #expect(stream.stall(at: .seconds(91)) == .downloading(bytes: 5))
    #expect(stream.watchdog.deadline == .seconds(91))
  }

  @Test func theManifestHasItsOwnLimit() {
    var stream = stream()
    for second in 1..<60 {
      _ = stream.receive(Array("{\"status\":\"pulling manifest\"}\n".utf8)[...], at: .seconds(second))
    }
    #expect(stream.stall(at: .milliseconds(59_999)) == nil)
    #expect(stream.stall(at: .seconds(60)) == .beforeFirstLayer)
  }

  @Test func verifyingALargeModelMayTakeLong() {
    var stream = stream()
    let lines = """
      {"status":"pulling 01","digest":"sha256:01","total":9,"completed":9}
      {"status":"verifying sha256 digest"}

      """
    _ = stream.receive(Array(lines.utf8)[...], at: .seconds(5))
    #expect(stream.stall(at: .seconds(604)) == nil)
    #expect(stream.stall(at: .seconds(605)) == .finishing)
  }

  @Test func bytesMayComeInAnyPieces() throws {
    let lines = Recording(try Recording.text("S01-normal-http")).pull(0)
    let bytes = Array(lines.map { $0.text + "\n" }.joined().utf8)
    for size in [1, 2, 7, 64, 1000, bytes.count] {
      var stream = stream()
      var progress: [PullProgress] = []
      for start in stride(from: 0, to: bytes.count, by: size) {
        progress += stream.receive(bytes[start..<min(start + size, bytes.count)], at: .zero)
      }
      #expect(stream.finish(status: 200, at: .zero) == .success)
      #expect(progress.count == lines.count - 1)
      #expect(progress[1].digest == "sha256:5d8ff0f7e98b68dfb9cffbbf92e01ff6651a47cacc0891c3f90894e2992dd2f0")
      #expect(progress[1].completed == 6_127_616)
      #expect(progress[1].total == 27_360_256)
    }
  }

  @Test func successWithoutALineEndCounts() {
    var stream = stream()
    _ = stream.receive(Array("{\"status\":\"success\"}".utf8)[...], at: .zero)
    #expect(!stream.isSettled)
    #expect(stream.finish(status: 200, at: .zero) == .success)
  }

  @Test func nothingAtAllIsNoSuccess() {
    var stream = stream()
    #expect(stream.finish(status: 200, at: .zero) == .truncated)
  }

  @Test func theFirstLastWordStands() {
    var stream = stream()
    _ = stream.receive(Array("{\"error\":\"disk full\"}\n{\"status\":\"success\"}\n".utf8)[...], at: .zero)
    guard case .failed(let failure) = stream.finish(status: 200, at: .zero) else {
      Issue.record("an error was taken for success")
      return
    }
    #expect(failure.description.contains("disk full"))
  }

  @Test(arguments: [
    (400, "{\"error\":\"invalid model name\"}", ModelServerFailure.Kind.unknownModel),
    (404, "{\"error\":\"model 'nope' not found\"}", .unknownModel), (500, "{\"error\":\"boom\"}", .server),
    (502, "<html>Bad Gateway</html>", .server), (404, "404 page not found", .server), (500, "", .server),
    (503, "{\"status\":\"success\"}", .server), (500, "{\"error\":{\"message\":\"inner words\",\"code\":1}}", .server),
  ])
  func answersThatAreErrors(status: Int, body: String, kind: ModelServerFailure.Kind) {
    var stream = stream()
    _ = stream.receive(Array(body.utf8)[...], at: .zero)
    guard case .failed(let failure) = stream.finish(status: status, at: .zero) else {
      Issue.record("HTTP \(status) was taken for success")
      return
    }
    #expect(failure.kind == kind)
  }

  @Test("S33: a server that does not know the name it is called by: the failure says what to do")
  func unknownHostName() {
    var stream = stream()
    guard case .failed(let failure) = stream.finish(status: 403, at: .zero) else {
      Issue.record("HTTP 403 was taken for success")
      return
    }
    #expect(failure.description.hasSuffix("HTTP 403 (\(Self.remedy))"), "\(failure)")
  }

  private static let remedy =
    "a server that listens on loopback refuses host names that it does not know: give its IP address in OLLAMA_HOST"

  @Test(arguments: [
    "<html>\n", "[1]\n", "{\"status\":7}\n", "null\n", "{}\n",
    String(repeating: "x", count: PullStream.maximumLine + 1) + "\n",
  ])
  func whatNoOllamaSaysIsMalformed(text: String) {
    var stream = stream()
    _ = stream.receive(Array(text.utf8)[...], at: .zero)
    guard case .failed(let failure) = stream.finish(status: 200, at: .zero) else {
      Issue.record("taken for something else")
      return
    }
    #expect(failure.kind == .malformed)
  }

  @Test func hostileNumbersDoNotTrap() {
    var dog = PullWatchdog(timeouts: timeouts, at: .zero)
    for layer in 0..<5000 {
      dog.onProgress(PullProgress(status: "p", digest: "\(layer)", completed: .max, total: .min), at: .seconds(1))
      dog.onProgress(PullProgress(status: "p", digest: "\(layer)", completed: .min, total: .max), at: .seconds(1))
    }
    #expect(dog.maximum == .max)
  }

  @Test func controlCharactersDoNotReachTheLog() {
    var stream = stream()
    _ = stream.receive(Array("{\"error\":\"a\\u001b[31mb\\nc\\u202ed\"}\n".utf8)[...], at: .zero)
    guard case .failed(let failure) = stream.finish(status: 200, at: .zero) else { return }
    #expect(failure.description.hasSuffix("a?[31mb c?d"))
  }
}
