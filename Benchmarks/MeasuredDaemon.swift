/// A daemon to measure: retraind, or the Python loop.
struct MeasuredDaemon {
  /// What the report calls it.
  let name: String
  /// The command.
  let arguments: [String]
  /// Where it runs and keeps its state.
  let directory: String
  /// Its log.
  let log: String
  /// Variables beside the usual ones.
  var environment: [String: String] = [:]
  /// True for retraind, which says READY=1 to systemd and drains on SIGTERM.
  let isRetraind: Bool

  /// retraind on a state directory.
  static func retraind(
    _ name: String, binary: String, directory: String, configuration: String? = nil, environment: [String: String] = [:]
  ) throws(Failure) -> MeasuredDaemon {
    try makeDirectory(directory)
    return MeasuredDaemon(
      name: name,
      arguments: [binary, "run", "--state-dir", directory] + (configuration.map { ["--config", $0] } ?? []),
      directory: directory, log: directory + "/model_retrainer.log", environment: environment, isRetraind: true)
  }

  /// The Python loop.
  static func python(
    _ name: String, command: [String], directory: String, environment: [String: String] = [:]
  ) throws(Failure) -> MeasuredDaemon {
    try makeDirectory(directory)
    return MeasuredDaemon(
      name: name, arguments: command, directory: directory, log: directory + "/logs/model_retrainer.log",
      environment: environment, isRetraind: false)
  }

  /// Starts it, waits until it is ready, and leaves it running.
  func start() throws(Failure) -> (child: ChildProcess, took: Duration, by: Readiness.Sign) {
    try write("", to: log, onlyIfThere: true)
    let readiness = try Readiness(in: directory)
    var variables = environment
    if isRetraind { variables["NOTIFY_SOCKET"] = readiness.path }
    let child = try ChildProcess(arguments, in: directory, environment: variables)
    let (took, sign) = try readiness.wait(for: child, log: log, expectsNotify: isRetraind)
    return (child, took, sign)
  }

  /// Ends it; retraind must have drained.
  func stop(_ child: ChildProcess) throws(Failure) {
    let ending = try child.stop()
    guard !isRetraind || ending.code == 0 else {
      throw Failure("\(name) ended with \(ending.code) on SIGTERM\n\(child.shownErrors)")
    }
  }

  /// How long it takes from its start until it is ready, over some runs.
  func startTimes(runs: Int) throws(Failure) -> (samples: Samples, by: Readiness.Sign) {
    var samples = Samples()
    var last = Readiness.Sign.log
    for _ in 0..<runs {
      let (child, took, sign) = try start()
      samples.add(took)
      last = sign
      try stop(child)
    }
    return (samples, last)
  }

  /// What it costs when it does nothing; nil where the system does not tell.
  func idle(settle: Int, seconds: Int) throws(Failure) -> IdleFacts? {
    let (child, _, _) = try start()
    sleepUntil(.now + .seconds(settle))
    let facts = IdleFacts.read(of: child.pid, seconds: seconds)
    try stop(child)
    return facts
  }
}
