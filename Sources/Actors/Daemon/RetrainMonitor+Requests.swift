public import Journal
import Platform
public import Rules
import Stores
import Supervision

/// What a monitor is asked for, by a command in this process or on the control socket.
extension RetrainMonitor {
  /// Time between two lines of progress for somebody who waits.
  static let progressInterval = Duration.milliseconds(200)
  /// Longest silence towards somebody who waits.
  static let signOfLife = Duration.seconds(30)

  /// Time that somebody waits for a run while the lane waits for the journal.
  static let journalPatience = Duration.seconds(60)

  /// Checks now.
  ///
  /// - Parameters:
  ///   - model: only this one; nil for all.
  ///   - isDryRun: only evaluate.
  ///   - waits: return when the runs that it started have ended.
  ///   - progress: called while it waits.
  /// - Throws: `StoreFailure` where the rows could not be read.
  public func check(
    model: String? = nil, isDryRun: Bool = false, waits: Bool = true,
    progress: @escaping @Sendable (StatusReport.Lane.Run) -> Void = { _ in }
  ) async throws -> [CheckEntry] {
    let monitor = try tree.monitor.get()
    var results = try await monitor.check(only: model.map { [$0] }, isDryRun: isDryRun)
    if waits, !isDryRun {
      for index in results.indices {
        guard let run = results[index].run, results[index].action == .started || results[index].action == .joined else {
          continue
        }
        let end = try await self.end(of: run, progress: progress)
        results[index].note(end)
      }
    }
    return results.map { CheckEntry($0) }
  }

  /// Asks for a refresh or a rollback.
  ///
  /// - Parameter isTyped: whether a person typed the name, who may have mistyped it: then one that nothing knows is
  ///   refused.
  /// - Throws: `RunRefusal` where it could not be recorded.
  public func run(
    _ kind: RunKind, of model: String, waits: Bool, isTyped: Bool = false,
    progress: @escaping @Sendable (StatusReport.Lane.Run) -> Void = { _ in }
  ) async throws -> RunAnswer {
    if let problem = ModelName.problemToWatch(model) { throw RunRefusal(description: Self.noName(model, problem)) }
    let model = tree.settings.current.spelling(of: model)
    if isTyped, let refusal = await refusal(of: model, kind) { throw refusal }
    let ticket = try await tree.retrain.get().request(
      RunRequest(model: model, kind: kind, trigger: kind == .rollback ? .rollback : .manual))
    var answer = RunAnswer(run: ticket.run, model: model, isJoined: ticket.isJoined, state: RunState.recorded.rawValue)
    if waits {
      let end = try await self.end(of: ticket.run, progress: progress)
      answer.state = end.state.rawValue
      answer.result = end.result
      answer.error = end.error
    }
    return answer
  }

  /// Waits for the runs that are open and that nobody waits for, such as those which an earlier process left.
  ///
  /// - Returns: how each of them ended.
  public func finishOpenRuns(
    progress: @escaping @Sendable (StatusReport.Lane.Run) -> Void = { _ in }
  ) async throws -> [RunAnswer] {
    var answers: [RunAnswer] = []
    for run in try await tree.journal.get().openRuns() {
      let end = try await self.end(of: run.id, progress: progress)
      answers.append(
        RunAnswer(
          run: run.id, model: run.model, isJoined: true, state: end.state.rawValue, result: end.result,
          error: end.error))
    }
    return answers
  }

  /// Adds a cycle to the active store.
  public func record(_ cycle: ControlRequest.Cycle) async throws -> RecordAnswer {
    if let model = cycle.model, let problem = ModelName.problemToWatch(model) {
      throw RunRefusal(description: Self.noName(model, problem))
    }
    let journal = try tree.journal.get()
    return try await CycleRecorder(stats: parts.stats(journal), journal: journal, settings: settings).record(
      cycle, id: parts.identifiers.next(), now: Timestamp(microseconds: parts.wallClock.microseconds()))
  }

  /// Adds judgements to the embedded store, all of them or none.
  public func feedback(_ judgements: [Judgement]) async throws -> FeedbackAnswer {
    try await JudgementRecorder(journal: try tree.journal.get(), settings: settings).add(
      judgements, identifier: parts.identifiers.next, now: Timestamp(microseconds: parts.wallClock.microseconds()))
  }

  private static func noName(_ text: String, _ problem: String) -> String {
    "no model to act on: \"\(PrintableText.clip(text, to: PrintableText.nameLength))\" \(problem)"
  }

  /// Waits for the end of a run's current attempt, with progress in between.
  ///
  /// - Throws: `CancellationError` where the task is cancelled first; `JournalFailure` where nobody knows its end.
  private func end(
    of run: String, progress: @escaping @Sendable (StatusReport.Lane.Run) -> Void
  ) async throws -> RunEnd {
    let ends = tree.handover.ends
    let mark = ends.mark
    do {
      if let row = try await tree.journal.get().run(run) {
        if row.state.isTerminal { return RunEnd(row) }
      } else if await tree.retrain.current?.holds(run) != true {
        // It was joined while it was being recorded, and that failed.
        return ends.end(of: run)
          ?? RunEnd(run: run, state: .failed, result: nil, error: "the journal has no run \(run)")
      }
    } catch let error as JournalFailure {
      guard let end = ends.end(of: run) else { throw error }
      return end
    }
    return try await withThrowingTaskGroup(of: RunEnd?.self) { group in
      defer { group.cancelAll() }
      group.addTask {
        guard let end = await ends.wait(for: run, after: mark) else { throw CancellationError() }
        return end
      }
      group.addTask { [parts, tree] in
        var last: StatusReport.Lane.Run?
        var told = parts.clock.now()
        let began = told
        while !Task.isCancelled {
          let lane = await tree.retrain.current?.status()
          let here = lane.flatMap { lane in ([lane.running].compactMap(\.self) + lane.waiting).first { $0.id == run } }
          // News at once, and a sign of life now and then, so that who waits knows a silent download from a dead daemon.
          if let here, here != last || parts.clock.now() - told >= Self.signOfLife {
            last = here
            told = parts.clock.now()
            progress(here)
          }
          if let trouble = tree.handover.recovery.trouble,
            parts.clock.now() - max(began, trouble.since) >= Self.journalPatience
          {
            return RunEnd(
              run: run, state: .interrupted, result: nil,
              error: "it waits for the journal and goes on by itself once that can be written: \(trouble.why)")
          }
          try? await parts.clock.sleep(for: Self.progressInterval)
        }
        return nil
      }
      while let end = try await group.next() {
        if let end { return end }
      }
      throw CancellationError()
    }
  }

  /// The exit code of a command whose request failed: whether it is worth asking again, wrong by itself, or neither.
  private static func exitCode(of error: any Error) -> Int32 {
    if Patience.isWorthwhile(error) { return 75 }
    switch error {
    case is CycleRefusal, is JudgementRefusal: return 64
    case is JudgementsElsewhere: return 78
    case let refusal as RunRefusal where refusal.isUnknownModel: return 69
    default: return 3
    }
  }

  /// Answers one request of the control channel; `reply` is called with each line, the last one final.
  func answer(_ request: ControlRequest, reply: @escaping @Sendable (ControlReply) -> Void) async {
    var final = ControlReply()
    let progress: @Sendable (StatusReport.Lane.Run) -> Void = { run in
      var line = ControlReply()
      line.progress = run
      reply(line)
    }
    do {
      switch request.command {
      case .status: final.status = await status()
      case .check:
        let entries = try await check(
          model: request.model, isDryRun: request.isDryRun ?? false, waits: request.waits ?? true, progress: progress)
        let parts = ControlReply.parts(entries)
        for part in parts.before { reply(part) }
        final.checks = parts.last
      case .retrain, .rollback:
        guard let model = request.model else { throw RunRefusal(description: "the request names no model") }
        final.run = try await run(
          request.command == .rollback ? .rollback : .pull, of: model, waits: request.waits ?? false,
          isTyped: request.isTyped ?? false, progress: progress)
      case .reload: final.reload = await reload()
      case .record:
        guard let cycle = request.cycle else { throw RunRefusal(description: "the request has no cycle") }
        // From whatever program: this one's own command has looked at it before.
        try CycleRefusal.check(cycle, now: Timestamp(microseconds: parts.wallClock.microseconds()))
        final.recorded = try await record(cycle)
      case .feedback: final.feedback = try await feedback(request.judgements ?? [])
      }
    } catch {
      final.error = "\(error)"
      final.exitCode = Self.exitCode(of: error)
    }
    reply(final)
  }
}
