/// Reads the lines `   1.03 A {json}` of one recording into plays.
///
/// The recorder condensed: of the progress lines it kept about one a second, and wrote `(previous line repeated xN)`
/// for equal ones. What it left out between two kept lines is not invented; what it says was repeated is repeated.
struct PullTranscript {
  /// The pace at which the server repeats a progress line.
  static let ticker = 0.06

  /// A pull that is being read.
  private struct Open {
    var play: Play
    var clientLeft = false
    var last: String?
    /// `BACKWARDS from -> to` whose lines have not been placed yet.
    var fall: (at: Double, from: Int, to: Int)?
    /// `(previous line repeated xN)` whose line is not known before the next event.
    var repeats: (at: Double, count: Int)?
  }

  private let recording: String
  /// Stands for a repeated line that was never written down: the first layer with no byte of it received.
  private let untouchedLayer: String?
  private var open: [Character: Open] = [:]
  private var order: [Character] = []
  private var done: [Play] = []
  private var count = 0

  /// Begins to read one recording.
  init(recording: String, untouchedLayer: String?) {
    self.recording = recording
    self.untouchedLayer = untouchedLayer
  }

  /// Reads one stamped line.
  mutating func read(at: Double, _ rest: Substring) {
    guard let client = rest.first, client.isUppercase, rest.dropFirst().first == " " else { return }
    let what = rest.dropFirst(2)
    if what.hasPrefix("HTTP ") {
      begin(client, at: at, what)
      return
    }
    guard var pull = open[client] else { return }
    if what.hasPrefix("{") {
      place(&pull, before: at, next: String(what))
      pull.play.steps.append(.init(at: at, line: String(what), restored: false))
      pull.last = String(what)
      open[client] = pull
    } else if what.hasPrefix("(previous line repeated x") {
      pull.repeats = (at, Int(what.dropFirst(25).prefix { $0.isNumber }) ?? 0)
      open[client] = pull
    } else if what.hasPrefix("BACKWARDS ") {
      let numbers = what.dropFirst(10).split(separator: " ").compactMap { Int($0) }
      if numbers.count == 2 { pull.fall = (at, numbers[0], numbers[1]) }
      open[client] = pull
    } else if what == "CLIENT DISCONNECTS" {
      pull.clientLeft = true
      open[client] = pull
    } else if what.hasPrefix("end of stream") {
      end(pull, at: at, what)
      open[client] = nil
    }
  }

  /// The pulls, in the order in which they began.
  consuming func plays() -> [Play] {
    done.sorted { $0.startedAt < $1.startedAt }.enumerated().map { index, play in
      var play = play
      play.name = "\(recording).\(index + 1)"
      return play
    }
  }

  private mutating func begin(_ client: Character, at: Double, _ what: Substring) {
    let words = what.split(separator: " ")
    open[client] = Open(
      play: Play(
        name: recording, status: words.count > 1 ? Int(words[1]) ?? 200 : 200,
        contentType: words.count > 2 ? String(words[2]) : "", startedAt: at, steps: [], ending: .cut, endedAt: at,
        seenLines: 0))
  }

  private mutating func end(_ pull: Open, at: Double, _ what: Substring) {
    var pull = pull
    let last = what.firstRange(of: "last=").map { String(what[$0.upperBound...]) } ?? ""
    place(&pull, before: at, next: pull.clientLeft ? last : nil)
    pull.play.seenLines =
      what.firstRange(of: "lines=").flatMap { Int(what[$0.upperBound...].prefix { $0.isNumber }) } ?? 0
    pull.play.endedAt = at
    if pull.clientLeft {
      // Where no repeat was written, the last line is known all the same.
      if pull.last != last {
        pull.play.steps.append(.init(at: at, line: last, restored: true))
      }
      pull.play.ending = .clientLeft
    } else if last == #"{"status":"success"}"# || last.hasPrefix(#"{"error""#) {
      pull.play.ending = .complete
    } else {
      if pull.last != last, last.hasPrefix("{") {
        pull.play.steps.append(.init(at: at, line: last, restored: true))
      }
      pull.play.ending = .cut
    }
    done.append(pull.play)
  }

  /// Places what was repeated, and both sides of a fall, before the line that comes next.
  private func place(_ pull: inout Open, before: Double, next: String?) {
    var repeated = pull.last
    if let fall = pull.fall, let layer = pull.last, layer.contains(#""digest""#) {
      let high = PullTranscript.line(layer, completed: fall.from)
      if let repeats = pull.repeats, repeats.at <= fall.at {
        repeated = high  // it stalled on the high mark until it fell
      } else {
        let low = PullTranscript.line(layer, completed: fall.to)
        let since = pull.play.steps.last?.at ?? fall.at
        pull.play.steps.append(.init(at: max(since, fall.at - PullTranscript.ticker), line: high, restored: true))
        pull.play.steps.append(.init(at: fall.at, line: low, restored: true))
        repeated = low
      }
    } else if pull.clientLeft, before == pull.repeats?.at, let next, next.hasPrefix(#"{"status""#) {
      repeated = next  // the recorder's last line is the one that it counted
    } else if let last = pull.last, !last.contains(#""digest""#) {
      repeated = untouchedLayer ?? last  // only progress lines are ever repeated
    }
    if let repeats = pull.repeats, let repeated {
      let since = pull.play.steps.last?.at ?? pull.play.startedAt
      let lines = repeats.count + (repeated == pull.play.steps.last?.line ? 0 : 1)
      let pace = min(PullTranscript.ticker, max(0, repeats.at - since) / Double(lines + 1))
      for index in 0..<lines {
        pull.play.steps.append(
          .init(at: repeats.at - Double(lines - index) * pace, line: repeated, restored: true))
      }
      pull.last = repeated
    }
    pull.fall = nil
    pull.repeats = nil
  }

  /// The same progress line with another count of bytes; the server leaves a count of 0 out.
  static func line(_ line: String, completed: Int) -> String {
    let head = line.firstRange(of: #","completed":"#).map { line[..<$0.lowerBound] } ?? line.dropLast()
    return completed == 0 ? head + "}" : head + #","completed":\#(completed)}"#
  }
}
