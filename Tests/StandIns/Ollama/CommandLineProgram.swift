#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The stand-in of the `ollama` program. It calls the server that `OLLAMA_HOST` names, so that the server's log judges
/// it too, and writes what the real program was recorded to write.
///
/// Its surroundings: `OLLAMA_HOST`, `STAND_IN_CLI` (see `Misbehaviour`), `STAND_IN_SPEED` (20), `STAND_IN_RECORDINGS`.
struct CommandLineProgram {
  /// How often the real program paints a frame.
  static let frameSeconds = 0.1

  private let arguments: [String]
  private let host: HostVariable
  private let misbehaviour: Misbehaviour
  private let speed: Double

  /// Takes the words after the program's name.
  init(_ arguments: [String]) {
    self.arguments = arguments
    host = HostVariable(Self.variable("OLLAMA_HOST"))
    misbehaviour = Misbehaviour(Self.variable("STAND_IN_CLI"))
    speed = Self.variable("STAND_IN_SPEED").flatMap { Double($0) }.map { max(0.01, $0) } ?? 20
  }

  /// Does what was asked; returns the exit code.
  func run() -> Int32 {
    signal(SIGPIPE, SIG_DFL)
    if arguments.first == Misbehaviour.holdWord {
      Misbehaviour.holdPipes()
      return 0
    }
    do throws(StandInFailure) {
      let library = try RecordingLibrary(
        folder: Self.variable("STAND_IN_RECORDINGS") ?? RecordingLibrary.besideSources, names: FrameBook.recordings)
      return try run(FrameBook(library), library.recording("S29").runs)
    } catch {
      err("ollama stand-in: \(error)\n")
      return 64
    }
  }

  private func run(_ frames: FrameBook, _ runs: [CommandRun]) throws(StandInFailure) -> Int32 {
    let names = arguments.dropFirst().filter { !$0.hasPrefix("-") }
    let name = names.first ?? ""
    if let warning = host.warning { err(warning) }
    if arguments.first == "pull" {
      if let code = misbehaviour.exitCode {
        err(frames.spinner.first ?? "")
        return code
      }
      if misbehaviour.ignoresTerm { signal(SIGTERM, SIG_IGN) }
      if misbehaviour.forks { Misbehaviour.leaveChildBehind() }
      if misbehaviour.floodsStderr { flood(frames) }
      let code = pull(name, frames)
      if misbehaviour.neverExits { Misbehaviour.waitForEver() }
      return code
    }
    guard let port = host.port, let alive = call(port, "HEAD", "/") else {
      if arguments.first == "--version" || arguments.first == "-v" {
        out("Warning: could not connect to a running Ollama instance\nWarning: client version is 0.33.0-rc2\n")
        return 0
      }
      err(frames.unreachable)
      return 1
    }
    guard alive.status == 200 else {
      err("Error: something went wrong, please see the ollama server logs for details\n")
      return 1
    }
    // The recorded run that went the same way; its name is replaced.
    func played(_ words: String, _ recorded: String, _ given: String) -> Int32 {
      guard let run = runs.first(where: { $0.arguments == words }) else { return 64 }
      out(run.stdout.replacing(recorded, with: given))
      let text = run.stderr.replacing(recorded, with: given)
      err(text.contains("Error: ") && !text.hasSuffix("\n") ? text + "\n" : text)
      return Int32(run.exitCode)
    }
    func asked(_ method: String, _ path: String, _ members: String) -> Bool {
      call(port, method, path, "{\(members)}")?.status == 200
    }
    let model = #""model":\#(JSON.quoted(name))"#
    switch arguments.first {
    case "list", "ls":
      list(JSON(call(port, "GET", "/api/tags")?.body ?? ""), runs)
      return 0
    case "ps":
      return ps(JSON(call(port, "GET", "/api/ps")?.body ?? ""), runs)
    case "cp":
      guard names.count == 2 else { return 1 }
      let destination = Array(names)[1]
      let pair = #""source":\#(JSON.quoted(name)),"destination":\#(JSON.quoted(destination))"#
      guard asked("POST", "/api/copy", pair) else { return played("cp nope x", "nope", name) }
      out("copied '\(name)' to '\(destination)'\n")
      return 0
    case "rm":
      // The real program unloads first, and goes on where that fails.
      _ = asked("POST", "/api/generate", model + #","keep_alive":0"#)
      guard asked("DELETE", "/api/delete", model) else { return played("rm nope", "nope", name) }
      _ = played("stop tiny", "", "")
      out("deleted '\(name)'\n")
      return 0
    case "stop":
      let isKnown = asked("POST", "/api/generate", model + #","keep_alive":0"#)
      return isKnown ? played("stop tiny", "", "") : played("stop nope", "nope", name)
    case "show":
      guard let answer = call(port, "POST", "/api/show", "{\(model)}"), answer.status == 200 else {
        return played("show nope", "nope:latest", ModelTable.full(name))
      }
      out((JSON(answer.body)?["modelfile"]?.text ?? "") + "\n")
      return 0
    case "--version", "-v":
      out("ollama version is \(JSON(call(port, "GET", "/api/version")?.body ?? "")?["version"]?.text ?? "?")\n")
      return 0
    default:
      err("Error: unknown command \(JSON.quoted(arguments.first ?? "")) for \"ollama\"\n")
      return 1
    }
  }

  private func pull(_ name: String, _ frames: FrameBook) -> Int32 {
    guard let port = host.port, let alive = call(port, "HEAD", "/"), alive.status == 200,
      var answer = ServerCall(
        port: port, method: "POST", path: host.prefix + "/api/pull", body: #"{"model":\#(JSON.quoted(name))}"#)
    else {
      err(frames.unreachable)
      return 1
    }
    let pace = Self.frameSeconds / speed
    var paintNext = Instant.now.advanced(bySeconds: pace)
    var painted = 0
    var frame: String?
    var isGoingOn = true
    while isGoingOn {
      isGoingOn = answer.receive(until: frame == nil ? nil : paintNext)
      for line in answer.takeLines() {
        guard let message = JSON(line) else { continue }
        if let text = message["error"]?.text {
          err(answer.status == 200 ? frames.beforeError + text + "\n" : "Error: 400 Bad Request: \(text)\n")
          return 1
        }
        switch message["status"]?.text {
        case "success"?:
          err(frames.success)
          return 0
        case let status? where message["digest"] != nil && status.hasPrefix("pulling"):
          let total = Int(message["total"]?.value ?? 0)
          // Small layers come at once; the frame goes on showing the weights.
          if total > 1 << 20 || frame == nil {
            frame = frames.frame(completed: Int(message["completed"]?.value ?? 0), total: total)
          }
        default:
          frame = frame ?? ""
        }
      }
      if let frame, paintNext.millisecondsFromNow == 0 {
        let bar = misbehaviour.writesDots ? frame.replacing(":", with: "...") : frame
        err(frame.isEmpty ? frames.spinner[painted % max(1, frames.spinner.count)] : bar)
        painted += 1
        paintNext = Instant.now.advanced(bySeconds: pace)
      }
    }
    err("\nError: unexpected EOF\n")
    return 1
  }

  private func list(_ tags: JSON?, _ runs: [CommandRun]) {
    let header = runs.first { $0.arguments == "list" }?.stdout.split(separator: "\n").first ?? ""
    let models = (tags?["models"]?.elements ?? []).map { ($0["name"]?.text ?? "", $0["digest"]?.text ?? "") }
    let width = (models.map(\.0.count).max() ?? 0) + 4
    func padded(_ text: some StringProtocol, _ width: Int) -> String {
      text + String(repeating: " ", count: max(0, width - text.count))
    }
    // The first column is as wide as its longest name and four more; the others are as recorded.
    let rest = header.firstRange(of: "ID ").map { header[$0.lowerBound...] } ?? ""
    out(padded("NAME", max(8, width)) + rest + "\n")
    for (name, digest) in models {
      out(padded(name, max(8, width)) + padded(digest.prefix(12), 16) + "60 KB    6 minutes ago             \n")
    }
  }

  private func ps(_ runners: JSON?, _ runs: [CommandRun]) -> Int32 {
    out(runs.first { $0.arguments == "ps" }?.stdout.split(separator: "\n").first.map { $0 + "\n" } ?? "")
    for runner in runners?["models"]?.elements ?? [] {
      out("\(runner["name"]?.text ?? "")    \(runner["digest"]?.text?.prefix(12) ?? "")    262 KB    100% CPU\n")
    }
    return 0
  }

  private func flood(_ frames: FrameBook) {
    let piece = String(repeating: frames.spinner.joined(), count: 64)
    var written = 0
    while written < Misbehaviour.floodBytes {
      err(piece)
      written += piece.utf8.count
    }
  }

  private func call(
    _ port: UInt16, _ method: String, _ path: String, _ body: String = ""
  ) -> (status: Int, body: String)? {
    ServerCall.answer(port: port, method: method, path: host.prefix + path, body: body)
  }

  private func out(_ text: String) { put(text, 1) }
  private func err(_ text: String) { put(text, 2) }

  /// Writes all of it, and waits as long as nobody reads.
  private func put(_ text: String, _ descriptor: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      bytes = bytes.dropFirst(count)
    }
  }

  private static func variable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }
}
