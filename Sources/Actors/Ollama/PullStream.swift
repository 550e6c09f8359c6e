/// Reads the answer to a pull as it arrives, and decides what it means. No clock, no connection.
public struct PullStream: Sendable {
  /// Bytes of a line; the server's own have 200.
  public static let maximumLine = 64 << 10

  /// How an answer ended.
  public enum Outcome: Sendable, Hashable {
    /// With the server's `success`.
    case success
    /// With its error.
    case failed(ModelServerFailure)
    /// Without either: the connection broke, or the server died.
    case truncated
  }

  /// Whether it gets on.
  public private(set) var watchdog: PullWatchdog
  /// Cuts lines.
  private var splitter = LineSplitter(maximumLength: PullStream.maximumLine)
  /// The last word; nothing that follows changes it.
  private var last: Outcome?
  /// The model, for messages.
  private let model: String
  /// The server, for messages.
  private let server: String

  /// Starts at a time of the caller's clock.
  public init(model: String, server: String, timeouts: PullTimeouts, at now: Duration) {
    self.model = model
    self.server = server
    watchdog = PullWatchdog(timeouts: timeouts, at: now)
  }

  /// True once the server has said its last word: there is nothing more to wait for.
  public var isSettled: Bool { last != nil }

  /// Takes a piece of the answer; returns the progress that it tells of.
  public mutating func receive(_ bytes: ArraySlice<UInt8>, at now: Duration) -> [PullProgress] {
    guard !isSettled else { return [] }
    let lines = splitter.take(bytes)
    var told: [PullProgress] = []
    for line in lines { if let progress = read(line, at: now) { told.append(progress) } }
    if splitter.lost > 0 { settle(.failed(malformed("a line of more than \(Self.maximumLine) bytes"))) }
    return told
  }

  /// The answer is over.
  ///
  /// - Parameter status: the status of the answer; nil where the connection broke.
  public mutating func finish(status: Int?, at now: Duration) -> Outcome {
    if !isSettled, let line = splitter.finish() { readUnended(line, isBroken: status == nil, at: now) }
    if let status, !(200..<300).contains(status) {
      switch last {
      case .failed(let failure) where failure.kind != .malformed: return .failed(failure)
      default:
        return .failed(
          ModelServerFailure(
            .server,
            "\(server) answered the pull of \(model) with HTTP \(status)\(ServerText.remedy(ofStatus: status))"))
      }
    }
    return last ?? .truncated
  }

  /// What stands still, if anything does and the server has not said its last word.
  public func stall(at now: Duration) -> PullWatchdog.Stall? { isSettled ? nil : watchdog.stall(at: now) }

  /// Takes a line.
  private mutating func read(_ line: [UInt8], at now: Duration) -> PullProgress? {
    guard !isSettled else { return nil }
    switch PullLine(line) {
    case .progress(let progress):
      watchdog.onProgress(progress, at: now)
      return progress
    case .success:
      settle(.success)
    case .error(let text):
      settle(.failed(.ofPull(model: model, server: server, error: text)))
    case nil:
      settle(.failed(malformed("something other than progress")))
    }
    return nil
  }

  /// Takes the last line, which has no end. One that breaks off in its middle is no word at all: the server went away
  /// while it wrote it, also where the answer's end looks like a proper one, as it does without a length.
  private mutating func readUnended(_ line: [UInt8], isBroken: Bool, at now: Duration) {
    let isPartial = PullLine(line) == nil && line.first == UInt8(ascii: "{") && line.last != UInt8(ascii: "}")
    if isPartial || isBroken && PullLine(line) == nil { return }
    _ = read(line, at: now)
  }

  /// The first last word stands.
  private mutating func settle(_ outcome: Outcome) { last = last ?? outcome }

  /// What a server that is no Ollama sends.
  private func malformed(_ what: String) -> ModelServerFailure {
    ModelServerFailure(
      .malformed, "\(server) answered the pull of \(model) with \(what); check that an Ollama server listens there")
  }
}

extension ModelServerFailure {
  /// The failure for an error in the server's words.
  static func ofPull(model: String, server: String, error text: String) -> ModelServerFailure {
    let words = ServerText.printable(text)
    let kind = ServerText.kind(ofError: text)
    switch kind {
    case .unknownModel:
      return ModelServerFailure(
        kind,
        "\(server) cannot pull \(model): \(words). \(ServerText.remedy(ofPullError: text))"
      )
    case .unreachable:
      return ModelServerFailure(kind, "\(server) cannot be reached: \(words)")
    case .cancelled, .stalled, .server, .malformed, .missingProgram, .exhausted:
      return ModelServerFailure(kind, "\(server) could not pull \(model): \(words)")
    }
  }

  /// The failure for a pull that does not get on.
  static func stalled(
    _ stall: PullWatchdog.Stall, model: String, server: String, timeouts: PullTimeouts
  ) -> ModelServerFailure {
    let what =
      switch stall {
      case .beforeFirstLayer:
        "no answer from the registry within \(timeouts.firstLayer.components.seconds) s; check the server's network"
      case .downloading(let bytes):
        "no new bytes for \(timeouts.stall.components.seconds) s, at \(bytes) bytes; check the server's network"
      case .finishing:
        "downloaded, but not verified and written within \(timeouts.finishing.components.seconds) s; check the server's disk"
      }
    return ModelServerFailure(.stalled, "the pull of \(model) by \(server) stands still: \(what)")
  }
}
