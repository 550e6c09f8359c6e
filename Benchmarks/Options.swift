/// What the command line asks for.
struct Options {
  /// The release binary to measure.
  var retraind = ".build-release/retraind"
  /// The Python that has the peer's packages.
  var python = ".build-venv/bin/python"
  /// The Python loop that retraind replaces.
  var peer = "Benchmarks/Peers/model_retrainer.py"
  /// The program that measures the library `Supervision`.
  var probe = ".build-release/release/SupervisionProbe"
  /// The interpreter of Erlang's scripts.
  var escript = "/usr/bin/escript"
  /// The script that measures OTP's supervisor.
  var supervisionPeer = "Benchmarks/Peers/supervision.escript"
  /// Runs of each program that measures a supervisor; the median counts.
  var rounds = 5
  /// Runs of each start and each whole process; the median counts.
  var runs = 21
  /// Runs of each check over many models; the median counts.
  var growthRuns = 7
  /// Seconds between ready and the first look at an idle process.
  var settleSeconds = 5
  /// Seconds over which wake-ups are counted.
  var idleSeconds = 10
  /// True where a missed budget ends the process with 1.
  var isStrict = false
  /// The sections to run.
  var sections = Section.allCases

  /// A part of the report.
  enum Section: String, CaseIterable {
    /// Size, start, memory and wake-ups.
    case footprint
    /// A whole check beside the Python one-shot.
    case check
    /// A check over many models.
    case growth
    /// A store elsewhere: reading many cycles, draining many events.
    case store
    /// The library `Supervision` beside OTP's supervisor.
    case supervision

    /// Its heading.
    var title: String {
      switch self {
      case .footprint: "Footprint"
      case .check: "One check, beside the Python one-shot"
      case .growth: "Checks over many models"
      case .store: "A store elsewhere"
      case .supervision: "Supervision, beside OTP's supervisor"
      }
    }
  }

  /// What `--help` prints.
  static let help = """
    usage: Benchmarks [options] [section ...]

    Measures a release binary of retraind beside the Python loop that it replaces, and the library Supervision beside
    Erlang/OTP's supervisor, on this machine, in one run, and prints Markdown. Nothing is talked to but 127.0.0.1; everything it writes is in a temporary directory.

    sections: footprint check growth store supervision (default: all)
      --retraind FILE   the binary (default .build-release/retraind, or $RETRAIND_BINARY)
      --python FILE     a Python with requests (default .build-venv/bin/python)
      --peer FILE       the Python loop (default Benchmarks/Peers/model_retrainer.py)
      --probe FILE      measures Supervision (default .build-release/release/SupervisionProbe)
      --escript FILE    runs the measurement of OTP (default /usr/bin/escript)
      --rounds N        runs of each measurement of a supervisor, at least 5 to publish (default 5)
      --runs N          runs of each start and check, at least 15 for figures to publish (default 21)
      --growth-runs N   runs of each check over many models (default 7)
      --settle N        seconds before an idle process is looked at (default 5)
      --idle N          seconds over which wake-ups are counted (default 10)
      --strict          exit 1 where a budget is missed
      --help            this text
    """

  /// Reads the command line; nil asks for help.
  init?(arguments: [String], binaryFromEnvironment: String?) throws(Failure) {
    if let binaryFromEnvironment { retraind = binaryFromEnvironment }
    var named: [Section] = []
    var rest = arguments[...]
    while let word = rest.popFirst() {
      switch word {
      case "--retraind": retraind = try Self.value(of: word, &rest)
      case "--python": python = try Self.value(of: word, &rest)
      case "--peer": peer = try Self.value(of: word, &rest)
      case "--probe": probe = try Self.value(of: word, &rest)
      case "--escript": escript = try Self.value(of: word, &rest)
      case "--rounds": rounds = try Self.count(of: word, &rest)
      case "--runs": runs = try Self.count(of: word, &rest)
      case "--growth-runs": growthRuns = try Self.count(of: word, &rest)
      case "--settle": settleSeconds = try Self.count(of: word, &rest)
      case "--idle": idleSeconds = try Self.count(of: word, &rest)
      case "--strict": isStrict = true
      case "--help", "-h": return nil
      default:
        guard let section = Section(rawValue: word) else { throw Failure("unknown: \(word); see --help") }
        named.append(section)
      }
    }
    if !named.isEmpty { sections = named }
    if sections.contains(.supervision) {
      probe = try Self.absolute(probe, remedy: "swift build -c release --product SupervisionProbe")
      escript = try Self.absolute(escript, remedy: "Scripts/install-deps bench")
      supervisionPeer = try Self.absolute(supervisionPeer, remedy: "run from the root of the repository")
    }
    // What is not measured need not be there.
    if sections != [.supervision] {
      retraind = try Self.absolute(retraind, remedy: "make release")
      peer = try Self.absolute(peer, remedy: "run from the root of the repository")
      python = try Self.absolute(python, remedy: "Scripts/bench-venv .build-venv")
    }
  }

  private static func value(of name: String, _ rest: inout ArraySlice<String>) throws(Failure) -> String {
    guard let value = rest.popFirst() else { throw Failure("\(name) needs a value; see --help") }
    return value
  }

  private static func count(of name: String, _ rest: inout ArraySlice<String>) throws(Failure) -> Int {
    let text = try value(of: name, &rest)
    guard let number = Int(text), number > 0 else { throw Failure("\(name) \(text): a whole number above 0 is needed") }
    return number
  }

  /// The path from the root, since children start in a directory of their own; symbolic links stay, because a
  /// virtual environment's Python is one.
  private static func absolute(_ path: String, remedy: String) throws(Failure) -> String {
    guard isExecutableOrReadable(path) else { throw Failure("\(path) is not there: \(remedy)") }
    return path.hasPrefix("/") ? path : currentDirectory() + "/" + path
  }
}

/// What went wrong, for people.
struct Failure: Error, CustomStringConvertible {
  /// What happened, where, and what to do.
  let description: String

  init(_ description: String) { self.description = description }
}
