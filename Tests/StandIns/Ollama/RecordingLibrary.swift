#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The recordings, read from their folder when they are asked for.
struct RecordingLibrary: Sendable {
  /// Where the recordings lie beside the sources.
  static let besideSources: String = {
    let file = #filePath
    return String(file[..<(file.lastIndex(of: "/") ?? file.endIndex)]) + "/Recordings"
  }()

  /// The largest file that is read.
  private static let maxBytes = 1 << 20

  /// The folder.
  let folder: String
  private let byName: [String: Recording]

  /// Reads the named recordings, or all.
  init(folder: String, names: Set<String>? = nil) throws(StandInFailure) {
    self.folder = folder
    var files: [String: String] = [:]
    guard let handle = opendir(folder) else {
      throw StandInFailure(
        "cannot open the folder of recordings \(folder): \(lastError()); name it with --recordings DIR")
    }
    while let entry = readdir(handle) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasSuffix(".txt"), name.hasPrefix("S") { files[String(name.prefix(3))] = "\(folder)/\(name)" }
    }
    closedir(handle)

    var read: [String: Recording] = [:]
    // S01 first: its first layer stands in for progress lines that others only counted.
    guard let first = files["S01"] else { throw StandInFailure("no recording S01 in \(folder)") }
    let normal = try Self.parse(name: "S01", text: Self.contents(of: first), untouchedLayer: nil)
    read["S01"] = normal
    let untouched = normal.plays.first?.steps.first { $0.line.contains(#""digest""#) }
      .map { PullTranscript.line($0.line, completed: 0) }
    for name in names ?? Set(files.keys) where name != "S01" {
      guard let file = files[name] else {
        throw StandInFailure(
          "no recording \(name) in \(folder); there are \(files.keys.sorted().joined(separator: " "))")
      }
      read[name] = try Self.parse(name: name, text: Self.contents(of: file), untouchedLayer: untouched)
    }
    byName = read
  }

  /// Names of all that were read.
  var names: [String] { byName.keys.sorted() }

  /// One recording.
  func recording(_ name: String) throws(StandInFailure) -> Recording {
    guard let recording = byName[name] else { throw StandInFailure("recording \(name) was not read") }
    return recording
  }

  /// Reads one file's text.
  static func parse(name: String, text: String, untouchedLayer: String?) -> Recording {
    var pulls = PullTranscript(recording: name, untouchedLayer: untouchedLayer)
    var runs = RunTranscripts.Stamped()
    for line in text.split(separator: "\n") {
      let words = line.drop { $0 == " " }
      guard let space = words.firstIndex(of: " "), let at = Double(words[..<space]) else { continue }
      let rest = words[words.index(after: space)...]
      pulls.read(at: at, rest)
      runs.read(rest)
    }
    let typed = RunTranscripts.typed(text)
    return Recording(name: name, plays: pulls.plays(), runs: runs.runs + typed.runs, calls: typed.calls, text: text)
  }

  private static func contents(of path: String) throws(StandInFailure) -> String {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw StandInFailure("cannot read \(path): \(lastError())") }
    defer { close(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 64 << 10)
    while bytes.count < maxBytes {
      let count = read(file, &piece, piece.count)
      guard count > 0 else { break }
      bytes.append(contentsOf: piece[..<count])
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Why the stand-in could not do what it was asked, for people.
struct StandInFailure: Error, Sendable, CustomStringConvertible {
  /// What happened and what to do.
  let description: String

  /// Makes a failure.
  init(_ description: String) {
    self.description = description
  }
}

/// What the system says about the last call that failed.
func lastError() -> String {
  String(cString: strerror(errno))
}
