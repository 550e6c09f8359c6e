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
  /// The most bytes of the first layer that the client was told of.
  private(set) var partial = 0

  /// Begins.
  init(speed: Double, isStreaming: Bool) {
    self.speed = speed
    self.isStreaming = isStreaming
  }

  /// Plays it to its end, or until the client leaves.
  mutating func play(_ play: Play, to request: HTTPRequest, on connection: inout Connection) -> Outcome {
    let start = Instant.now
    func moment(_ at: Double) -> Instant { start.advanced(bySeconds: max(0, at - play.startedAt) / speed) }
    guard play.status != 0 else { return untilLeft(&connection) }

    if isStreaming {
      var head = "HTTP/1.1 \(play.status) \(HTTPAnswer.reason(play.status))\r\nContent-Type: \(play.contentType)\r\n"
      head += "Date: \(WallClock.httpDate)\r\n"
      if request.closes { head += "Connection: close\r\n" }
      guard connection.send(head + "Transfer-Encoding: chunked\r\n\r\n") else { return .clientLeft }
    }
    for step in play.steps {
      guard connection.pause(until: moment(step.at)), send(step.line, on: connection) else { return .clientLeft }
    }
    let last = play.steps.last?.line ?? ""
    switch play.ending {
    case .complete:
      let isSuccess = last.contains(#""success""#)
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
    return !isStreaming || connection.send(HTTPAnswer.chunk(line + "\n"))
  }

  private func untilLeft(_ connection: inout Connection) -> Outcome {
    while connection.wait(until: nil) {}
    return .clientLeft
  }
}
