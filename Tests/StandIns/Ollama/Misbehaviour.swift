#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What `STAND_IN_CLI` makes of `ollama pull`; several with commas between them.
struct Misbehaviour: Sendable {
  /// How long whatever never ends lasts at most, so that nothing is left behind by a test that failed.
  static let maxSeconds: UInt32 = 120
  /// How much is written to stderr by one that floods it.
  static let floodBytes = 16 << 20
  /// The hidden word that makes a process hold its pipes.
  static let holdWord = "--hold-pipes"

  private let words: Set<Substring>

  /// Reads the variable.
  init(_ value: String?) {
    words = Set((value ?? "").split(separator: ","))
  }

  /// Ends only with a signal.
  var neverExits: Bool { words.contains("never-exits") }
  /// Writes far more than a pipe holds.
  var floodsStderr: Bool { words.contains("floods-stderr") }
  /// Leaves a process behind that holds its pipes and ignores TERM.
  var forks: Bool { words.contains("forks") }
  /// Ignores TERM, as what it leaves behind.
  var ignoresTerm: Bool { words.contains("ignores-term") }
  /// Writes its bar as older programs do: dots in place of the colon.
  var writesDots: Bool { words.contains("dots") }
  /// Ends at once with this code.
  var exitCode: Int32? {
    words.compactMap { $0.hasPrefix("exit-") ? Int32($0.dropFirst(5)) : nil }.first
  }

  /// Ignores TERM and waits to be killed.
  static func holdPipes() {
    signal(SIGTERM, SIG_IGN)
    waitForEver()
  }

  /// Waits to be killed.
  static func waitForEver() {
    var left = maxSeconds
    while left > 0 { left = sleep(left) }
  }

  /// Starts the process that is left behind, in the same process group and with the same pipes.
  static func leaveChildBehind() {
    #if canImport(Glibc)
      let program = "/proc/self/exe"
    #else
      let program = CommandLine.arguments.first ?? "ollama"
    #endif
    var child = pid_t()
    let words: [UnsafeMutablePointer<CChar>?] = ["ollama", holdWord].map { (word: String) in strdup(word) } + [nil]
    defer { for word in words { free(word) } }
    posix_spawn(&child, program, nil, nil, words, environ)
  }
}
