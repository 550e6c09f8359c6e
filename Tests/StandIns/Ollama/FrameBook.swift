/// Frames that the real program painted on stderr, byte for byte, found by how far the pull was.
struct FrameBook: Sendable {
  /// What is read from the folder for that.
  static let recordings: Set<String> = ["S01", "S02", "S03", "S04", "S15", "S21", "S25", "S28", "S29"]
  /// Every frame begins so.
  private static let begin = "\u{1B}[?2026h"
  /// Every frame ends so.
  private static let end = "\u{1B}[?2026l"

  /// The spinner while the manifest is fetched.
  let spinner: [String]
  /// The last frame of a pull that succeeded, with its newline: all that the program wrote in S02's second run.
  let success: String
  /// All that it wrote before the words after `Error: `, in S03.
  let beforeError: String
  /// All that it wrote where no server answered, in S04.
  let unreachable: String
  /// Progress frames of one layer, by percent.
  private let progress: [Int: String]

  /// Takes them from the recordings.
  init(_ library: RecordingLibrary) throws(StandInFailure) {
    func runs(_ name: String) throws(StandInFailure) -> [CommandRun] { try library.recording(name).runs }
    spinner = try runs("S21").flatMap { Self.frames(in: $0.stderr) }
    success = try runs("S02").last { $0.isWhole }?.stderr ?? ""
    let failed = try runs("S03").first?.stderr ?? ""
    beforeError = failed.firstRange(of: "Error: ").map { String(failed[..<$0.upperBound]) } ?? ""
    unreachable = try runs("S04").first?.stderr ?? ""

    // S02 last: where two recordings have a frame for one percent, the undisturbed one counts.
    var texts: [String] = []
    for name in ["S28", "S25", "S15", "S02"] {
      texts += try name == "S28" ? [library.recording(name).text] : runs(name).map(\.stderr)
    }
    var progress: [Int: String] = [:]
    for frame in texts.flatMap(Self.frames) {
      let layers = frame.split(separator: "\n").filter { $0.hasPrefix("pulling ") && $0.contains("%") }
      guard layers.count == 1, let percent = layers.first.flatMap(Self.percent) else { continue }
      progress[percent] = frame
    }
    self.progress = progress
  }

  /// The recorded frame that comes nearest to a progress line, from below.
  func frame(completed: Int, total: Int) -> String {
    let percent = total > 0 ? Int(Double(completed) / Double(total) * 100) : 0
    let known = progress.keys.filter { $0 <= percent }.max() ?? progress.keys.min()
    return known.flatMap { progress[$0] } ?? ""
  }

  /// What is missing.
  var problems: [String] {
    var problems: [String] = []
    if spinner.isEmpty { problems.append("no frame of the spinner in S21") }
    if success.utf8.count != 483 { problems.append("S02's second run is not whole") }
    if beforeError.isEmpty { problems.append("no error frame in S03") }
    if unreachable.isEmpty { problems.append("no error in S04") }
    if progress.count < 20 { problems.append("only \(progress.count) progress frames") }
    return problems
  }

  private static func frames(in text: String) -> [String] {
    text.split(separator: begin).compactMap { piece in
      piece.firstRange(of: end).map { begin + piece[..<$0.lowerBound] + end }
    }
  }

  private static func percent(_ line: Substring) -> Int? {
    line.firstIndex(of: "%").flatMap { Int(line[..<$0].suffix(3).drop { $0 == " " }) }
  }
}
