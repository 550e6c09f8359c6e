internal import Platform

extension OllamaCLI {
  /// Downloads the newest version. What stands still or breaks off is begun again, within `PullRetry`'s bounds.
  public func pull(
    _ model: String, progress: @escaping @Sendable (PullProgress) -> Void
  ) async throws(ModelServerFailure) {
    try OllamaAPI.check(model)
    var registry = PlainRegistry(isConfigured: isInsecure)
    var retry = PullRetry()
    while true {
      let shared = SharedOutput(PullWatchdog(timeouts: timeouts, at: clock.now()))
      let how: PullRetry.Break
      let failure: ModelServerFailure
      do throws(ModelServerFailure) {
        return try await attempt(model, isInsecure: registry.isInsecure, shared, progress)
      } catch let ended {
        guard let error = registry.onFailure(ended, of: model) else { continue }
        switch error.kind {
        case .stalled: how = .stalled
        case .malformed: how = .truncated
        case .unreachable: how = .refused
        case .cancelled, .unknownModel, .server, .missingProgram, .exhausted: throw error
        }
        failure = error
      }
      guard let wait = retry.onBreak(how, bytes: shared.state.withLock({ $0.watchdog.maximum })) else {
        throw retry.repulls == 0
          ? failure : ModelServerFailure(failure.kind, "\(failure.description) (begun again \(retry.repulls) times)")
      }
      progress(how.progress)
      do {
        try await clock.sleep(wait)
        try Task.checkCancellation()
      } catch {
        throw cancelled(model)
      }
    }
  }

  /// What the runner's thread and the watchdog share.
  private final class SharedOutput: Sendable {
    /// The state.
    struct State {
      /// Whether the pull gets on.
      var watchdog: PullWatchdog
      /// What the program draws.
      var text = TerminalText()
      /// The last line told of each layer and of the words between: the program draws all of them again each time.
      var told: [String: PullProgress] = [:]
    }
    /// The state.
    let state: Guarded<State>
    /// Makes it.
    init(_ watchdog: PullWatchdog) { state = Guarded(State(watchdog: watchdog)) }

    /// Takes a piece of output; returns the progress that is new.
    func take(_ bytes: [UInt8], at now: Duration) -> [PullProgress] {
      state.withLock { state in
        state.text.take(bytes).compactMap { line in
          guard let progress = CLIOutput.progress(line), state.told[progress.status] != progress,
            state.told[progress.status] != nil || state.told.count < PullWatchdog.maximumLayers
          else { return nil }
          state.told[progress.status] = progress
          state.watchdog.onProgress(progress, at: now)
          return progress
        }
      }
    }
  }

  /// One run of the program, watched.
  private func attempt(
    _ model: String, isInsecure: Bool, _ shared: SharedOutput, _ progress: @escaping @Sendable (PullProgress) -> Void
  ) async throws(ModelServerFailure) {
    let command = command(["pull"] + (isInsecure ? ["--insecure"] : []) + [model], kept: Self.keptPullOutput)
    let runner = runner
    let clock = clock
    let end = await WatchedPull.run(
      clock: clock,
      deadline: { shared.state.withLock { $0.watchdog.nextLook(after: clock.now()) } },
      stall: { now in shared.state.withLock { $0.watchdog.stall(at: now) } },
      attempt: { () async -> Result<ProcessResult, ProcessFailure> in
        do throws(ProcessFailure) {
          return .success(
            try await runner.run(command) { output in
              guard case .standardError(let bytes) = output else { return }
              for step in shared.take(bytes, at: clock.now()) { progress(step) }
            })
        } catch {
          return .failure(error)
        }
      })
    let ended: Result<ProcessResult, ProcessFailure>
    var stall: PullWatchdog.Stall?
    switch end {
    case .finished(let result): ended = result
    case .stalled(let standing, let result): (stall, ended) = (standing, result)
    }
    switch ended {
    case .failure(let failure): throw missing(failure)
    case .success(let result):
      // It may have got through at the last moment.
      if result.ending == .exited(code: 0) { return }
      if Task.isCancelled { throw cancelled(model) }
      if let stall, result.wasTerminated {
        throw .stalled(stall, model: model, server: name, timeouts: timeouts)
      }
      if result.wasTerminated { throw cancelled(model) }
      try expectSuccess(result, "ollama pull \(model)")
    }
  }

  /// What a cancelled pull ends with.
  private func cancelled(_ model: String) -> ModelServerFailure {
    ModelServerFailure(.cancelled, "ollama pull \(model) was cancelled; its processes have ended")
  }
}
