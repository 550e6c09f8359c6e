import Actors
import Platform

/// `retraind doctor`: looks at everything at once, and says what is wrong, why, and what to type.
enum DoctorCommand {
  /// How long any one question may take; they are all asked at the same time.
  static let bound = Duration.milliseconds(1600)
  /// How long servers may take: their own words about it are better than ours.
  static let patience = Duration.milliseconds(1400)

  /// Looks, prints, and gives the exit code.
  ///
  /// - Parameters:
  ///   - loaded: the configuration, or where things lie where it cannot be used.
  ///   - errors: why it cannot.
  static func run(_ loaded: LoadedConfiguration, _ errors: ConfigErrors?, _ context: ProgramContext) async -> Int32 {
    let clock = ContinuousClock()
    let start = clock.now
    let facts = Guarded(DoctorFacts())
    let notify = NotifyPrograms.facts(loaded.settings, path: context.environment["PATH"])
    facts.withLock { ($0.configuration, $0.notify) = (configuration(loaded, errors, context), notify) }
    let probes = self.probes(loaded, isUsable: errors == nil, facts, context)
    let unfinished = await finish(probes)
    let seen = facts.withLock { $0 }
    var findings = Examination.findings(seen, unfinished: unfinished, bound: bound)
    for index in findings.indices { findings[index].type = findings[index].type.map { typed($0, context) } }
    let diagnosis = Diagnosis(findings)
    let milliseconds = milliseconds(of: start.duration(to: clock.now))
    if context.global.json {
      context.terminal.print(JSONText.of(diagnosis.document(milliseconds: milliseconds), isPretty: true))
    } else {
      for line in diagnosis.lines(context.terminal) { context.terminal.show(line) }
      context.terminal.show(context.terminal.paint(diagnosis.summary, .bold))
    }
    return diagnosis.exitCode
  }

  /// A command of ours with the options that this one was given, so that it looks at the same place.
  static func typed(_ text: String, _ context: ProgramContext) -> String {
    if text.contains("\n") {
      return text.split(separator: "\n").map { typed(String($0), context) }.joined(separator: "\n")
    }
    // Of somebody else: what is behind the name of that user is ours. Variables do not go along.
    if text.hasPrefix("sudo "), let ours = text.ranges(of: " retraind ").first {
      var variables = ""
      for name in ["STATE_DIRECTORY", "LOGS_DIRECTORY"] where context.global.stateDirectory == nil {
        guard let value = context.environment[name], !value.isEmpty, !text.contains(name) else { continue }
        variables += " \(name)=\(ProgramPath.quoted(value))"
      }
      return text[..<ours.lowerBound] + variables + " " + typed("retraind " + text[ours.upperBound...], context)
    }
    guard text.hasPrefix("retraind ") else { return text }
    var options = ""
    if let file = context.global.config { options += " --config \(ProgramPath.quoted(file))" }
    if let directory = context.global.stateDirectory { options += " --state-dir \(ProgramPath.quoted(directory))" }
    return "retraind\(options)\(text.dropFirst("retraind".count))"
  }

  /// Whole milliseconds.
  static func milliseconds(of duration: Duration) -> Int64 {
    duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
  }

  private static func configuration(
    _ loaded: LoadedConfiguration, _ errors: ConfigErrors?, _ context: ProgramContext
  ) -> ConfigurationFacts {
    let search = ConfigurationSearch(
      flag: nil, namedBy: "", environment: context.environment, workingDirectory: context.workingDirectory,
      readFile: ConfigurationFile.read)
    return ConfigurationFacts(
      file: loaded.file, places: search.usualPlaces,
      errors: errors.map { $0.description.split(separator: "\n").map(String.init) } ?? [],
      warnings: loaded.warnings.filter { !isToldElsewhere($0, loaded.settings) }.map(\.description),
      model: loaded.settings.model,
      models: loaded.settings.models.keys.sorted())
  }

  /// What a sink lacks is told of the sink.
  private static func isToldElsewhere(_ warning: ConfigWarning, _ settings: Settings) -> Bool {
    settings.notify.contains { sink in
      sink.problem.map { warning.field == "notify.\(sink.name)" && warning.message.hasPrefix($0) } ?? false
    }
  }

  /// Runs the probes at the same time; those that have not ended within `bound` are left behind and named.
  private static func finish(_ probes: [(probe: DoctorProbe, work: @Sendable () async -> Void)]) async -> Set<
    DoctorProbe
  > {
    let waiting = Guarded(Set(probes.map(\.probe)))
    let (ends, end) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    for (probe, work) in probes {
      // Not a group, which would wait for what hangs.
      Task.detached {
        await work()
        if waiting.withLock({ $0.remove(probe) != nil && $0.isEmpty }) { end.finish() }
      }
    }
    let alarm = Task.detached {
      try? await Task.sleep(for: bound)
      end.finish()
    }
    for await _ in ends {}
    alarm.cancel()
    return waiting.withLock { $0 }
  }

  private static func probes(
    _ loaded: LoadedConfiguration, isUsable: Bool, _ facts: Guarded<DoctorFacts>, _ context: ProgramContext
  ) -> [(probe: DoctorProbe, work: @Sendable () async -> Void)] {
    let (paths, settings, environment) = (loaded.paths, loaded.settings, context.environment)
    let timeouts = HTTPTimeouts(connect: patience, firstByte: patience, stall: patience, total: patience)
    let hasDatabase = PlaceProbe.isFile(paths.database)
    // Nobody here may have the file open while locks are looked at: what reads it waits for that.
    let lock = LockLook()
    var probes: [(probe: DoctorProbe, work: @Sendable () async -> Void)] = [
      (
        .places,
        {
          let places = try? await onOwnThread(name: "places") {
            (PlaceProbe.look(at: paths.database, hasLog: true), PlaceProbe.look(at: paths.log, hasLog: false))
          }
          facts.withLock { ($0.state, $0.log) = (places?.0, places?.1) }
        }
      ),
      (
        .system,
        {
          let system = SystemProbe.look(environment, stateDirectory: paths.directory)
          facts.withLock { $0.system = system }
        }
      ),
      (
        .daemon,
        {
          let daemon = try? await onOwnThread(name: "daemon") { ServerProbe.daemon(paths, patience: patience) }
          facts.withLock { $0.daemon = daemon }
        }
      ),
    ]
    if hasDatabase {
      probes.append(
        (
          .database,
          {
            let writer = (try? await onOwnThread(name: "lock") { DatabaseProbe.writer(of: paths.database) }) ?? nil
            await lock.done()
            let database = await DatabaseProbe.look(at: paths.database, writer: writer)
            facts.withLock { $0.database = database }
          }
        ))
      probes.append(
        (
          .integrity,
          {
            await lock.wait()
            let integrity = try? await onOwnThread(name: "integrity") { DatabaseProbe.integrity(of: paths.database) }
            facts.withLock { $0.integrity = integrity }
          }
        ))
    }
    // Servers of a configuration that cannot be used are somebody else's.
    guard isUsable else { return probes }
    probes.append(
      (
        .ollama,
        {
          let ollama = await ServerProbe.ollama(
            settings.ollama, environment, settings.networkInForce, timeouts: timeouts)
          facts.withLock { $0.ollama = ollama }
        }
      ))
    probes.append(
      (
        .runners,
        {
          let stale = await ServerProbe.staleRunners(
            settings.ollama, environment, settings.networkInForce, timeouts: timeouts)
          facts.withLock { $0.stale = stale }
        }
      ))
    probes.append(
      (
        .cycles,
        {
          if hasDatabase { await lock.wait() }
          let cycles = await ServerProbe.cycles(settings, paths)
          facts.withLock { $0.cycles = cycles }
        }
      ))
    if settings.supabase?.isComplete == true {
      probes.append(
        (
          .project,
          {
            let project = await ServerProbe.project(
              settings.supabase, settings.networkInForce, timeouts: timeouts)
            facts.withLock { $0.project = project }
          }
        ))
    }
    return probes
  }
}

/// Tells when the look at the database's locks is over.
private actor LockLook {
  private var isOver = false
  private var waiters: [CheckedContinuation<Void, Never>] = []

  /// It is.
  func done() {
    isOver = true
    for waiter in waiters { waiter.resume() }
    waiters = []
  }

  /// Waits until it is; two probes do.
  func wait() async {
    if isOver { return }
    await withCheckedContinuation { waiters.append($0) }
  }
}
