/// Plays a recorded answer to one client.
struct PullPlayer {
  /// How a pull ended.
  enum Outcome: String, Sendable {
    /// `success` was sent.
    case success
    /// An error was sent.
    case error
    /// The connection was closed in the middle, as by a server that dies.
    case truncated
    /// The client left before the end.
    case clientLeft = "client left"
  }

  /// How many times faster than recorded.
  let speed: Double
  /// False where the client wants a single answer at the end.
  let isStreaming: Bool
  /// Who writes the lines.
  let generation: Generation
  /// The most bytes of the first layer that the client was told of.
  private(set) var partial = 0

  /// Begins.
  init(speed: Double, isStreaming: Bool, generation: Generation) {
    self.speed = speed
    self.generation = generation
    self.isStreaming = isStreaming
  }

  /// Plays it to its end, or until the client leaves.
  ///
  /// `finish` is called once: before the last line goes out, because a client that has read it may pull again, or look
  /// what changed, before this thread runs on.
  mutating func play(
    _ play: Play, to request: HTTPRequest, on connection: inout Connection, finish: (Outcome, _ partial: Int) -> Void
  ) -> Outcome {
    var hasFinished = false
    let outcome = stream(play, to: request, on: &connection) { outcome, partial in
      finish(outcome, partial)
      hasFinished = true
    }
    if !hasFinished { finish(outcome, partial) }
    return outcome
  }

  private mutating func stream(
    _ play: Play, to request: HTTPRequest, on connection: inout Connection,
    beforeLast: (Outcome, _ partial: Int) -> Void
  ) -> Outcome {
    let start = Instant.now
    func moment(_ at: Double) -> Instant { start.advanced(bySeconds: max(0, at - play.startedAt) / speed) }
    guard play.status != 0 else { return untilLeft(&connection) }

    if isStreaming {
      var head = "HTTP/1.1 \(play.status) \(HTTPAnswer.reason(play.status))\r\nContent-Type: \(play.contentType)\r\n"
      head += "Date: \(WallClock.httpDate)\r\n"
      if request.closes { head += "Connection: close\r\n" }
      guard connection.send(head + "Transfer-Encoding: chunked\r\n\r\n") else { return .clientLeft }
    }
    let last = play.steps.last?.line ?? ""
    let isSuccess = last.contains(#""success""#)
    for (index, step) in play.steps.enumerated() {
      guard connection.pause(until: moment(step.at)) else { return .clientLeft }
      if play.ending == .complete, index == play.steps.count - 1 { beforeLast(isSuccess ? .success : .error, partial) }
      guard send(step.line, on: connection) else { return .clientLeft }
    }
    switch play.ending {
    case .complete:
      if isStreaming {
        guard connection.send("0\r\n\r\n") else { return .clientLeft }
      } else {
        let answer = HTTPAnswer(
          status: isSuccess ? 200 : 500,
          contentType: isSuccess ? "application/json" : "application/json; charset=utf-8", body: last)
        guard connection.send(answer.text(to: request)) else { return .clientLeft }
      }
      return isSuccess ? .success : .error
    case .cut:
      guard connection.pause(until: moment(play.endedAt)) else { return .clientLeft }
      // The head of a chunk and half of it, then nothing.
      let chunk = HTTPAnswer.chunk(last + "\n")
      if isStreaming { _ = connection.send(String(chunk.prefix(chunk.count / 2))) }
      return .truncated
    case .clientLeft:
      var next = play.steps.last?.at ?? play.endedAt
      while true {
        next += PullTranscript.ticker
        guard connection.pause(until: moment(next)), send(last, on: connection) else { return .clientLeft }
      }
    case .hang:
      return untilLeft(&connection)
    }
  }

  private mutating func send(_ line: String, on connection: borrowing Connection) -> Bool {
    partial = max(partial, PullPlays.completed(in: line) ?? 0)
    return !isStreaming || connection.send(HTTPAnswer.chunk(generation.line(line) + "\n"))
  }

  private func untilLeft(_ connection: inout Connection) -> Outcome {
    while connection.wait(until: nil) {}
    return .clientLeft
  }
}
