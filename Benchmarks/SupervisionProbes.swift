/// How children come under their supervisor, in ours and in OTP's.
enum SupervisedKind: String, CaseIterable {
  /// Given in the specification.
  case fixed
  /// Added one by one.
  case added
  /// Added one by one to a pool of children that are all alike.
  case pool

  /// In words, with OTP's name of the strategy.
  var title: String {
    switch self {
    case .fixed: "in the specification (`one_for_one`)"
    case .added: "added (`one_for_one`)"
    case .pool: "pool (`simple_one_for_one`)"
    }
  }
}

/// Figures of one kind: the median of each over all rounds.
struct Figures {
  /// By name, in the order in which they were taken.
  private var values: [String: [Double]] = [:]

  /// Adds what a run printed.
  mutating func add(_ run: [String: Double]) {
    for (name, value) in run { values[name, default: []].append(value) }
  }

  /// The median of a figure; not a number where it was not taken.
  subscript(_ name: String) -> Double {
    let sorted = (values[name] ?? []).sorted()
    guard !sorted.isEmpty else { return .nan }
    return sorted.count % 2 == 1
      ? sorted[sorted.count / 2] : (sorted[sorted.count / 2 - 1] + sorted[sorted.count / 2]) / 2
  }
}

/// The two programs that measure a supervisor from inside: same commands, same names of figures.
struct SupervisionProbes {
  /// Ours.
  let probe: String
  /// The interpreter of OTP's.
  let escript: String
  /// OTP's.
  let peer: String
  /// A directory for what they print.
  let scratch: String
  /// How often each command is given to each of the two; the median counts.
  let rounds: Int

  /// Gives a command to both, in turns, and tells the median of each figure.
  func both(_ kind: SupervisedKind, _ command: String) throws(Failure) -> (ours: Figures, theirs: Figures) {
    say("\(command), \(kind.rawValue), \(rounds) times each")
    var (ours, theirs) = (Figures(), Figures())
    for _ in 0..<rounds {
      ours.add(try run([probe], kind, command))
      theirs.add(try run([escript, peer], kind, command))
    }
    return (ours, theirs)
  }

  /// Gives a command to ours only, and tells the median of each figure.
  func ours(_ kind: SupervisedKind, _ command: String) throws(Failure) -> Figures {
    var figures = Figures()
    for _ in 0..<rounds { figures.add(try run([probe], kind, command)) }
    return figures
  }

  /// What an idle process costs, once it says that it is ready.
  func idle(_ program: Program, _ kind: SupervisedKind, _ command: String, seconds: Int) throws(Failure) -> IdleFacts? {
    say("\(command), \(kind.rawValue), for \(seconds) s")
    let process = try start(program == .ours ? [probe] : [escript, peer], kind, command)
    let deadline = ContinuousClock.now + .seconds(Int(ChildProcess.limitSeconds))
    while !contents(of: output).hasPrefix("ready") {
      guard ContinuousClock.now < deadline else {
        _ = try process.stop()
        throw Failure("\(command): not ready in \(ChildProcess.limitSeconds) s\n\(process.shownErrors)")
      }
      sleepUntil(.now + .milliseconds(50))
    }
    sleepUntil(.now + .seconds(2))
    let facts = IdleFacts.read(of: process.pid, seconds: seconds)
    _ = try process.stop()
    return facts
  }

  /// Which of the two.
  enum Program {
    /// The library's.
    case ours
    /// OTP's.
    case theirs
  }

  /// Where they print to.
  private var output: String { scratch + "/figures.txt" }

  private func start(_ program: [String], _ kind: SupervisedKind, _ command: String) throws(Failure) -> ChildProcess {
    let arguments = program + [kind.rawValue] + command.split(separator: " ").map(String.init)
    return try ChildProcess(arguments, in: scratch, output: output)
  }

  private func run(_ program: [String], _ kind: SupervisedKind, _ command: String) throws(Failure) -> [String: Double] {
    let process = try start(program, kind, command)
    let ending = try process.wait()
    guard ending.code == 0 else {
      throw Failure("\(program.last ?? "") \(command) ended with \(ending.code)\n\(process.shownErrors)")
    }
    var figures: [String: Double] = [:]
    for line in contents(of: output).split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count == 2, let value = Double(words[1]) { figures[String(words[0])] = value }
    }
    return figures
  }
}
