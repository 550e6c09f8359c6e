import Platform
import TestSupport

@testable import Ollama

/// The longest pause between two tries of a pull: shorter than what any watchdog waits for.
let pause = PullRetry.longestWait

extension ManualClock {
  /// Waits until somebody sleeps, and moves on to the first deadline.
  func advanceToNextSleeper() async {
    await waitForSleepers(1)
    if let deadline = deadlines.first { advance(by: max(.zero, deadline - now.offset)) }
  }

  /// Does something, and meanwhile moves on to each deadline that comes up within a time.
  ///
  /// With a short time only pauses pass, and no watchdog wakes: how often something is begun again is then exact.
  func drive<Value: Sendable>(
    within limit: Duration = .seconds(86_400), _ work: @Sendable () async throws -> Value
  ) async rethrows -> Value {
    let driver = Task {
      while !Task.isCancelled {
        let latest = now.offset + limit
        await waitForSleeper(dueBy: latest)
        if let deadline = deadlines.first, deadline <= latest { advance(by: max(.zero, deadline - now.offset)) }
      }
    }
    defer { driver.cancel() }
    return try await work()
  }
}

/// A transport that plays a script: one closure per request, in order; the last one goes on for ever.
final class ScriptedTransport: HTTPTransport {
  typealias Play = @Sendable (HTTPRequest, @Sendable (String) -> Void) async throws(HTTPFailure) -> HTTPResponse
  private let plays: [Play]
  private let seen = Guarded<[HTTPRequest]>([])

  init(_ plays: Play...) { self.plays = plays }
  init(all plays: [Play]) { self.plays = plays }

  /// Every request so far.
  var requests: [HTTPRequest] { seen.withLock { $0 } }

  func send(
    _ request: HTTPRequest, onBody: @escaping @Sendable (ArraySlice<UInt8>) -> Void
  ) async throws(HTTPFailure) -> HTTPResponse {
    let number = seen.withLock { seen in
      seen.append(request)
      return seen.count - 1
    }
    return try await plays[min(number, plays.count - 1)](request) { onBody(Array($0.utf8)[...]) }
  }

  /// An answer of some lines.
  static func answer(_ lines: [String], status: Int = 200) -> Play {
    { (_, body) async throws(HTTPFailure) in
      for line in lines { body(line + "\n") }
      return HTTPResponse(status: status)
    }
  }

  /// A failure after some lines.
  static func failure(_ kind: HTTPFailure.Kind, after lines: [String] = []) -> Play {
    { (_, body) async throws(HTTPFailure) in
      for line in lines { body(line + "\n") }
      throw HTTPFailure(kind, "scripted")
    }
  }

  /// Some lines, then silence until the task is cancelled; tells `closed` then.
  static func silence(after lines: [String] = [], closed: @escaping @Sendable () -> Void = {}) -> Play {
    { (_, body) async throws(HTTPFailure) in
      for line in lines { body(line + "\n") }
      let (stream, _) = AsyncStream.makeStream(of: Never.self)
      for await _ in stream {}
      closed()
      throw HTTPFailure(.cancelled, "scripted")
    }
  }
}

/// A runner that plays a script: one closure per command, in order; the last one goes on for ever.
final class ScriptedRunner: ProcessRunner {
  typealias Play =
    @Sendable (ProcessCommand, @Sendable (String) -> Void) async throws(ProcessFailure) -> ProcessResult
  private let plays: [Play]
  private let seen = Guarded<[ProcessCommand]>([])

  init(_ plays: Play...) { self.plays = plays }

  /// Every command so far.
  var commands: [ProcessCommand] { seen.withLock { $0 } }

  func run(
    _ command: ProcessCommand, onOutput: @escaping @Sendable (ProcessOutput) -> Void
  ) async throws(ProcessFailure) -> ProcessResult {
    let number = seen.withLock { seen in
      seen.append(command)
      return seen.count - 1
    }
    return try await plays[min(number, plays.count - 1)](command) { onOutput(.standardError(Array($0.utf8))) }
  }

  /// A result.
  static func result(
    _ code: Int32, out: String = "", err: String = "", signal: Int32? = nil, terminated: Bool = false
  ) -> ProcessResult {
    ProcessResult(
      ending: signal.map { .signalled(signal: $0) } ?? .exited(code: code), processID: 1,
      standardOutput: Array(out.utf8), standardError: Array(err.utf8), wasTerminated: terminated)
  }

  /// Cannot be started.
  static func missing(code: Int32 = 2) -> Play {
    { (_, _) async throws(ProcessFailure) in throw ProcessFailure(code: code, "no program ollama in PATH") }
  }

  /// Is ended by somebody else's signal.
  static func killed(by signal: Int32) -> Play {
    { (_, _) async throws(ProcessFailure) in result(0, signal: signal) }
  }

  /// Prints and exits.
  static func exit(_ code: Int32, out: String = "", err: String = "") -> Play {
    { (_, output) async throws(ProcessFailure) in
      output(err)
      return result(code, out: out, err: err)
    }
  }

  /// Prints and hangs until the task is cancelled, then ends by SIGTERM.
  static func hang(err: String = "") -> Play {
    { (_, output) async throws(ProcessFailure) in
      output(err)
      let (stream, _) = AsyncStream.makeStream(of: Never.self)
      for await _ in stream {}
      return result(0, err: err, signal: 15, terminated: true)
    }
  }
}
