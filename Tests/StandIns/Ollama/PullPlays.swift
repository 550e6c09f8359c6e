/// Which recordings stand for the usual course of a pull, and how scenarios are put together.
struct PullPlays: Sendable {
  /// What is read from the folder for that.
  static let recordings: Set<String> = ["S01", "S03", "S22", "S29", "S35"]

  /// A download: S01, first half.
  let download: Play
  /// A pull that changes nothing: S01, second half.
  let upToDate: Play
  /// A download that replaces a version: S01 with the line that S22 has before `success`.
  let changed: Play
  /// A model that the registry does not know: S03.
  let unknown: Play
  /// The digests that S22 saw before and after its tag moved, and the weights of the same layers.
  let recordedVersions: [(digest: String, weights: String)]

  /// Takes them from the recordings.
  init(_ library: RecordingLibrary) throws(StandInFailure) {
    let normal = try library.recording("S01").plays
    let moved = try library.recording("S22")
    guard normal.count == 2, moved.plays.count == 3, let unknown = try library.recording("S03").plays.first else {
      throw StandInFailure("the recordings S01, S03 and S22 in \(library.folder) are not what they were")
    }
    download = normal[0]
    upToDate = normal[1]
    self.unknown = unknown

    var changed = normal[0]
    if let line = moved.plays[1].steps.first(where: { $0.line.contains("removing unused layers") })?.line,
      let success = changed.steps.last
    {
      changed.name = "S01.1+S22.2"
      changed.steps.insert(.init(at: success.at, line: line, restored: false), at: changed.steps.count - 1)
    }
    self.changed = changed

    let digests = ["digest1 ", "digest2 "].compactMap { word in
      moved.text.firstRange(of: word).map { String(moved.text[$0.upperBound...].prefix(64)) }
    }
    let weights = [normal[1], moved.plays[2]].compactMap { play in
      play.steps.first { $0.line.contains(#""digest""#) }.flatMap { step in
        step.line.firstRange(of: "sha256:").map { String(step.line[$0.upperBound...].prefix(64)) }
      }
    }
    recordedVersions = zip(digests, weights).map { ($0, $1) }
  }

  /// `m:7b=S10+S01,other=S06.2`: the pulls of each model play these one after the other; `S06.2` is the second answer
  /// of S06.
  static func scenarios(_ text: String, library: RecordingLibrary) throws(StandInFailure) -> [String: [Play]] {
    var result: [String: [Play]] = [:]
    for (model, names) in try parts(text) {
      var plays: [Play] = []
      for name in names {
        let words = name.split(separator: ".", maxSplits: 1)
        let all = try answers(of: library.recording(String(words[0])), library: library)
        if words.count == 2 {
          guard let index = Int(words[1]), all.indices.contains(index - 1) else {
            throw StandInFailure("scenario \(model)=\(name): \(words[0]) has \(all.count) answers to a pull")
          }
          plays.append(all[index - 1])
        } else {
          plays += all
        }
      }
      guard !plays.isEmpty else {
        throw StandInFailure("scenario \(model)=\(names.joined(separator: "+")): there is no answer to a pull")
      }
      result[model] = plays
    }
    return result
  }

  /// Which recordings a scenario needs.
  static func names(in scenario: String) throws(StandInFailure) -> Set<String> {
    Set(try parts(scenario).flatMap { $0.names }.map { String($0.prefix(3)) })
  }

  private static func parts(_ text: String) throws(StandInFailure) -> [(model: String, names: [String])] {
    var result: [(model: String, names: [String])] = []
    for part in text.split(separator: ",") where part != "default" {
      guard let equals = part.lastIndex(of: "="), part.startIndex < equals else {
        throw StandInFailure("--scenario \(part): write MODEL=S10, MODEL=S10+S01 or MODEL=S06.2")
      }
      result.append(
        (String(part[..<equals]), part[part.index(after: equals)...].split(separator: "+").map(String.init)))
    }
    return result
  }

  /// The answers in a recording, or what a server whose program behaved as recorded must have answered.
  private static func answers(of recording: Recording, library: RecordingLibrary) throws(StandInFailure) -> [Play] {
    guard recording.plays.isEmpty else { return recording.plays }
    let normal = try library.recording("S01").plays[0]
    var play = normal
    play.name = recording.name
    switch recording.name {
    case "S21":  // the manifest never comes
      play.steps = Array(normal.steps.prefix(1))
      play.ending = .hang
    case "S32":  // accepts, and says nothing at all
      play.status = 0
      play.steps = []
      play.ending = .hang
    case "S28":  // only the program's side was recorded: the error comes in the middle of the download
      guard let error = recording.text.firstRange(of: "\nError: ") else { return [] }
      let message = recording.text[error.upperBound...].prefix { $0 != "\n" }
      play.steps = normal.steps.filter { !$0.line.contains("24477696") && $0.at < 4.5 }
      play.steps.append(.init(at: 3.5, line: #"{"error":\#(JSON.quoted(message))}"#, restored: true))
    default:
      return []
    }
    return [play]
  }

  /// A play that ends because its client left goes on, for a client that stays, with what the same recording has for
  /// when it asked again; where there is nothing, its last line is repeated for ever.
  static func goingOn(_ plays: [Play], from index: Int) -> Play {
    var play = plays[index]
    for next in plays[(index + 1)...] where play.ending == .clientLeft && next.name.prefix(3) == play.name.prefix(3) {
      let shift = play.endedAt - next.startedAt
      play.steps += next.steps.dropFirst().map { .init(at: $0.at + shift, line: $0.line, restored: $0.restored) }
      play.ending = next.ending
      play.endedAt = next.endedAt + shift
    }
    return play
  }

  /// The same play without the bytes that an earlier pull has already brought.
  static func resumed(_ play: Play, after partial: Int) -> Play {
    let isHeld = { (step: Play.Step) in completed(in: step.line).map { $0 > 18 && $0 <= partial } ?? false }
    guard let held = play.steps.last(where: isHeld), let first = play.steps.first(where: isHeld),
      let before = play.steps.last(where: { $0.at < first.at })
    else { return play }
    var play = play
    let shift = held.at - before.at
    play.steps = play.steps.filter { !isHeld($0) }.map { step in
      step.at < held.at ? step : .init(at: step.at - shift, line: step.line, restored: step.restored)
    }
    play.endedAt -= shift
    return play
  }

  /// The count of bytes in a progress line.
  static func completed(in line: String) -> Int? {
    line.firstRange(of: #""completed":"#).flatMap { Int(line[$0.upperBound...].prefix { $0.isNumber }) }
  }
}
