#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// `judge --log FILE`: prints the verdict; 1 where pulls overlapped, 2 where the log has lines that are no events.
func judge(_ arguments: [String]) throws(StandInFailure) -> Int32 {
  var words = Words(arguments)
  var path: String?
  while let word = words.next() {
    guard word == "--log" else { throw StandInFailure("judge does not know \(word)") }
    path = try words.value(of: word)
  }
  guard let path else { throw StandInFailure("judge needs --log FILE") }
  guard let file = fopen(path, "r") else { throw StandInFailure("cannot read \(path): \(lastError())") }
  defer { fclose(file) }
  var judge = Judge()
  var line: UnsafeMutablePointer<CChar>?
  var room = 0
  defer { free(line) }
  while getline(&line, &room, file) > 0, let line {
    judge.read(String(cString: line))
  }
  print(judge.verdict)
  for detail in judge.details {
    let text = Array((detail + "\n").utf8)
    _ = write(2, text, text.count)
  }
  return judge.overlaps > 0 ? 1 : judge.unreadable > 0 ? 2 : 0
}

/// `self-check`: reads every recording and says what was understood of it; 1 where something was not.
func selfCheck(_ arguments: [String]) throws(StandInFailure) -> Int32 {
  var words = Words(arguments)
  var folder = RecordingLibrary.besideSources
  while let word = words.next() {
    guard word == "--recordings" else { throw StandInFailure("self-check does not know \(word)") }
    folder = try words.value(of: word)
  }
  let library = try RecordingLibrary(folder: folder)
  var problems: [String] = []
  var totals = (plays: 0, literal: 0, restored: 0, runs: 0, calls: 0)
  for name in library.names {
    let recording = try library.recording(name)
    let literal = recording.plays.reduce(0) { $0 + $1.literalLines }
    let restored = recording.plays.reduce(0) { $0 + $1.steps.count } - literal
    print(
      "\(name): \(recording.plays.count) pulls (\(literal) lines, \(restored) restored), "
        + "\(recording.runs.count) runs of the program, \(recording.calls.count) other calls")
    totals.plays += recording.plays.count
    totals.literal += literal
    totals.restored += restored
    totals.runs += recording.runs.count
    totals.calls += recording.calls.count
    problems += recordingProblems(recording)
  }
  _ = try PullPlays(library)
  _ = try Endpoints(library)
  problems += try FrameBook(library).problems
  problems += hostProblems(try library.recording("S33"))
  print(
    "together: \(totals.plays) pulls, \(totals.literal) lines, \(totals.restored) restored, \(totals.runs) runs, "
      + "\(totals.calls) other calls")
  for problem in problems { print("PROBLEM: \(problem)") }
  return problems.isEmpty ? 0 : 1
}

/// What was not understood of a recording, held against the lines that look like parts of a pull.
private func recordingProblems(_ recording: Recording) -> [String] {
  var problems: [String] = []
  let stamped = recording.text.split(separator: "\n").filter { $0.hasPrefix("  ") || $0.first?.isNumber == true }
  func count(_ what: String) -> Int { stamped.count { $0.contains(what) } }
  let literal = recording.plays.reduce(0) { $0 + $1.literalLines }
  let written = ["A {", "B {", "H {"].reduce(0) { $0 + count(" " + $1) }
  if literal != written { problems.append("\(recording.name): \(written) lines written, \(literal) read") }
  let ends = count(" end of stream: ")
  if recording.plays.count != ends {
    problems.append("\(recording.name): \(ends) ends, \(recording.plays.count) pulls")
  }
  for play in recording.plays {
    if play.steps.count > play.seenLines {
      problems.append("\(play.name): \(play.steps.count) lines to play, but the recorder saw \(play.seenLines)")
    }
    if zip(play.steps, play.steps.dropFirst()).contains(where: { $0.at > $1.at }) {
      problems.append("\(play.name): its lines are not in order")
    }
    if let broken = play.steps.first(where: { JSON($0.line) == nil }) {
      problems.append("\(play.name): no JSON: \(broken.line)")
    }
  }
  for run in recording.runs where run.arguments.isEmpty { problems.append("\(recording.name): a run without words") }
  return problems
}

/// Where `OLLAMA_HOST` is read otherwise than by the real program: S33 says which values reached its server, on port
/// 11534.
private func hostProblems(_ recording: Recording) -> [String] {
  let lines = recording.text.split(separator: "\n").filter { $0.hasPrefix("OLLAMA_HOST='") }
  guard lines.count >= 13 else { return ["S33: only \(lines.count) values of OLLAMA_HOST"] }
  return lines.compactMap { line in
    guard let arrow = line.firstRange(of: "' -> ") else { return "S33: not understood: \(line)" }
    let value = String(line[..<arrow.lowerBound].dropFirst(13))
    let host = HostVariable(value)
    let reaches = host.port == 11534 && host.prefix.isEmpty
    let didReach = line[arrow.upperBound...].hasPrefix("NAME")
    return reaches == didReach ? nil : "S33: OLLAMA_HOST='\(value)' is read otherwise"
  }
}
