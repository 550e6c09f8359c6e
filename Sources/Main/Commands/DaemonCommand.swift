import Actors
import Platform
import Supervision

/// `retraind run`: the daemon in the foreground.
struct DaemonCommand {
  let context: ProgramContext
  let loaded: LoadedConfiguration
  let flags: FlagOverrides
  let requests: SignalRequests

  /// Runs until TERM or INT, or until the supervisor gives up.
  func run() -> Never {
    let settings = loaded.settings
    let log = Log(
      destination: .both(loaded.paths.log), level: settings.log.platformLevel, format: settings.log.platformFormat,
      echoFormat: context.terminal.isJournal ? .journal : nil)
    if let shortage = ThreadRoom.shortage(own: ThreadRoom.forRuns) {
      log.critical("Not started: \(shortage)")
      log.flush()
      endProgram(ExitCode.temporary)
    }
    for warning in loaded.warnings { log.warning("\(warning)") }
    let command = self
    runWithSignals(
      requests,
      onForce: {
        LiveGroups.killAll()
        log.critical("A second signal: ended without draining; what was under way is resumed at the next start.")
        log.flush()
      }
    ) {
      let code = await command.serve(log)
      log.flush()
      return code
    }
  }

  private func serve(_ log: Log) async -> Int32 {
    let voice = ServiceVoice(environment: context.environment)
    let monitor: RetrainMonitor
    do {
      monitor = try await RetrainMonitor.start(
        loaded.settings, paths: loaded.paths,
        parts: Parts.real(loaded.settings, log: log, environment: context.environment, owner: loaded.paths.database),
        configurationFile: loaded.file, reloader: reloader(log))
    } catch {
      let (code, reason) = StartRefusal.explain(error, paths: loaded.paths)
      log.critical("Not started: \(reason)")
      voice.failed("not started: \(reason)")
      return code
    }
    await monitor.dumpStatus()
    await voice.ready(monitor)
    return await withTaskGroup(of: Int32?.self) { group in
      group.addTask { await answerSignals(monitor, log, voice) }
      group.addTask {
        await voice.keepTelling { await monitor.status() }
        return nil
      }
      group.addTask {
        do {
          _ = try await monitor.ended()
          return nil
        } catch {
          log.critical("Gave up: \(error)")
          voice.failed("gave up: \(error)")
          return ExitCode.software
        }
      }
      while let code = await group.next() {
        guard let code else { continue }
        group.cancelAll()
        return code
      }
      return ExitCode.success
    }
  }

  /// Does what signals ask for, one after another, until they ask to stop.
  private func answerSignals(_ monitor: RetrainMonitor, _ log: Log, _ voice: ServiceVoice) async -> Int32? {
    while !Task.isCancelled {
      let pending = await requests.next()
      if pending.stop {
        voice.stopping()
        log.info("Stopping: what runs is recorded as interrupted and goes on at the next start.")
        let report = await monitor.stop()
        if let unstopped = report?.unstopped, !unstopped.isEmpty {
          log.error("Did not stop when asked: \(unstopped.map(\.id).joined(separator: ", ")).")
        }
        log.info("Model retrain monitor stopped.")
        return ExitCode.success
      }
      if pending.reload { await voice.reloading { _ = await monitor.reload() } }
      if pending.dump {
        monitor.reopenLog()
        await monitor.dumpStatus()
      }
    }
    return nil
  }

  /// Reads the configuration again, with the same flags and environment.
  private func reloader(_ log: Log) -> RetrainMonitor.Reloader {
    { [context, flags] in
      let loaded = try context.load(flags)
      for warning in loaded.warnings { log.warning("\(warning)") }
      log.setLevel(loaded.settings.log.platformLevel)
      return (loaded.settings, loaded.file)
    }
  }
}
