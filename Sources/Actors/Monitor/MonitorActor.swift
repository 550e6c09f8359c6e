import Journal
import Platform
import Rules
import Stores
import Supervision

/// Schedules checks and acts on what they find: every finding is stored, a degraded model is handed to the lane.
///
/// All checks, scheduled or asked for, go through one loop, so that two of them never judge the same evidence at once.
public actor MonitorActor {
  /// When failed runs are looked at again where the journal could not say when they are due.
  static let retryLook = Duration.seconds(300)

  private let journal: Journal
  private let retrain: Ref<RetrainActor>
  private let parts: Parts
  private let settings: SettingsBox
  /// Tells people what checks find.
  private let herald: Herald
  /// False for a command that runs one check and ends.
  private let isScheduled: Bool
  private let wakeup = Wakeup()
  private let requests: CheckQueue
  private var schedule: MonitorSchedule
  private var lastError: String?
  private var news = CheckNews()
  private var lastSummary = MonitorSummary()

  /// A fresh incarnation; it does nothing before `run`.
  init(
    journal: Journal, retrain: Ref<RetrainActor>, parts: Parts, settings: SettingsBox, herald: Herald,
    isScheduled: Bool
  ) {
    self.journal = journal
    self.retrain = retrain
    self.parts = parts
    self.settings = settings
    self.herald = herald
    self.isScheduled = isScheduled
    requests = CheckQueue(wakeup: wakeup)
    schedule = MonitorSchedule(
      interval: settings.current.interval, now: parts.clock.now(), wall: parts.wallClock.microseconds())
  }

  /// Checks on schedule until the task is cancelled. A failed check neither stops nor shifts the schedule.
  func run(_ context: ChildContext) async throws {
    context.ready()
    // At once, not when the loop gets to it: a store that does not answer must not hold those who wait as well.
    await withTaskCancellationHandler {
      await loop()
    } onCancel: {
      requests.close()
    }
    requests.close()
  }

  private func loop() async {
    while !Task.isCancelled {
      if let request = requests.next() {
        requests.answer(request, await answer(request))
        continue
      }
      guard isScheduled else {
        await wakeup.wait()
        continue
      }
      schedule.onInterval(settings.current.interval, now: parts.clock.now())
      switch schedule.onWake(now: parts.clock.now(), wall: parts.wallClock.microseconds()) {
      case .wait(let until): await wakeup.wait(until: until, clock: parts.clock)
      case .hold(let until, let jump):
        parts.log.warning("The wall clock jumped by \(jump); the next evaluation waits until it has settled.")
        await wakeup.wait(until: until, clock: parts.clock)
      case .check(let number):
        let looked = wallNow()
        await scheduledCheck("Check \(number)", only: nil)
        await noteRetries(after: looked)
      case .again:
        let looked = wallNow()
        await scheduledCheck("Check \(schedule.checks), repeated", only: nil)
        await noteRetries(after: looked)
      case .retry:
        let looked = wallNow()
        let due = await modelsDueForRetry(by: looked)
        if !due.isEmpty { await scheduledCheck("Retry", only: due) }
        await noteRetries(after: looked)
      }
    }
  }

  /// Checks now, as the schedule would.
  ///
  /// - Parameters:
  ///   - only: these models; nil for all.
  ///   - isDryRun: only evaluate.
  func check(only: Set<String>?, isDryRun: Bool) async throws(StoreFailure) -> [CheckResult] {
    try await requests.ask(only: only, isDryRun: isDryRun).get()
  }

  /// The configuration changed.
  func onSettingsChanged() { wakeup.poke() }

  /// Cycles were made that an earlier process would have made in time.
  func onCyclesCaughtUp() {
    schedule.onNews()
    wakeup.poke()
  }

  /// A failed run can be tried again.
  func onRetryKnown(after delay: Duration) {
    schedule.onRetryKnown(after: delay, now: parts.clock.now())
    wakeup.poke()
  }

  /// What the status shows.
  func summary() -> MonitorSummary {
    var summary = lastSummary
    summary.checks = schedule.checks
    summary.nextCheckIn = isScheduled ? schedule.nextCheck - parts.clock.now() : nil
    summary.lastError = lastError
    return summary
  }

  private func answer(_ request: CheckQueue.Request) async -> CheckQueue.Answer {
    let name = request.isDryRun ? "Dry run" : "Check on request"
    do {
      let outcome = try await check(only: request.only, isDryRun: request.isDryRun, name: name)
      if !request.isDryRun { note(outcome.failure, outcome.results, isFull: request.only == nil) }
      return .success(outcome.results)
    } catch {
      if isScheduled, !request.isDryRun { _ = schedule.onCheckFailed(now: parts.clock.now()) }
      return .failure(
        error as? StoreFailure ?? StoreFailure("\(error)", isTransient: Patience.isWorthwhile(error)))
    }
  }

  private func scheduledCheck(_ name: String, only: Set<String>?) async {
    do {
      let outcome = try await check(only: only, isDryRun: false, name: name)
      note(outcome.failure, outcome.results, isFull: only == nil)
    } catch {
      // Of a store that is away for long, each repetition would say the same.
      let isNews = lastError != "\(error)"
      lastError = "\(error)"
      let pause = schedule.onCheckFailed(now: parts.clock.now())
      parts.log.log(
        isNews ? .error : .debug, "\("\(name) failed: \(error)".asSentence) It is repeated in \(pause.inWords).")
    }
  }

  /// Keeps why a check could not be recorded, for the status; nil where it was. What failed is repeated soon.
  private func note(_ failure: String?, _ results: [CheckResult], isFull: Bool) {
    if failure != nil || results.contains(where: \.isTemporary) {
      if isScheduled { _ = schedule.onCheckFailed(now: parts.clock.now()) }
    } else if isFull {
      schedule.onCheckDone()
    }
    if failure == nil, lastError != nil { parts.log.info("Checks work again.") }
    lastError = failure
  }

  private func wallNow() -> Timestamp { Timestamp(microseconds: parts.wallClock.microseconds()) }

  private func modelsDueForRetry(by looked: Timestamp) async -> Set<String> {
    guard let waiting = try? await journal.modelsWithRetry() else { return [] }
    return Set(waiting.filter { $0.value <= looked }.keys)
  }

  /// Sets the schedule to the earliest failed run that was not due when the check looked; one that was had its chance.
  private func noteRetries(after looked: Timestamp) async {
    let next: Duration?
    do {
      let now = wallNow()
      next = try await journal.modelsWithRetry().values.filter { $0 > looked }.min().map {
        .microseconds($0.microseconds - now.microseconds)
      }
    } catch {
      next = Self.retryLook
    }
    if let next { schedule.onRetryKnown(after: next, now: parts.clock.now()) }
  }

  /// One full check.
  ///
  /// - Returns: what it found; with the failure where nothing was done because it could not be recorded.
  private func check(
    only: Set<String>?, isDryRun: Bool, name: String
  ) async throws -> (results: [CheckResult], failure: String?) {
    let begin = parts.clock.now()
    let stats = parts.stats(journal)
    let assessor = Assessor(stats: stats, journal: journal, wallClock: parts.wallClock)
    let assessments: [Assessor.Assessment]
    do {
      assessments = try await assessor.assess(settings.current, only: only)
    } catch {
      if !isDryRun { await herald.tell(of: stats.standing, in: journal, at: wallNow(), log: parts.log) }
      throw error
    }
    if isDryRun {
      let results = assessments.map { CheckResult($0, action: .none) }
      parts.log.info("\(name): \(MonitorSummary.words(results)).")
      return (results, nil)
    }
    await herald.tell(of: stats.standing, in: journal, at: wallNow(), log: parts.log)
    let now = wallNow()
    var results: [CheckResult] = []
    var failure: String?
    do {
      let remembered = herald.hasSinks ? try await journal.rememberedSubjects() : []
      let ids = try await journal.storeDecisions(
        assessments.map { DecisionRow($0, at: now) },
        notices: herald.notices(of: assessments, remembered: remembered, at: now))
      herald.poke()
      results.reserveCapacity(assessments.count)
      for (assessment, id) in zip(assessments, ids) { results.append(await act(on: assessment, decision: id)) }
    } catch {
      // The watch goes on; but what cannot be recorded is not done.
      failure = "decisions cannot be recorded, so nothing is done: \(error)"
      results = assessments.map { CheckResult(unrecorded: $0, because: error) }
      parts.log.error("\("\(name): \(failure ?? "")".asSentence) It is tried again soon.")
    }
    lastSummary.note(results, at: now, isFull: only == nil)
    for line in news.lines(about: results, isFull: only == nil) { parts.log.log(line.level, line.text) }
    parts.log.info("\(name): \(MonitorSummary.words(results)) (\((parts.clock.now() - begin).formatted)).")
    return (results, failure)
  }

  private func act(on assessment: Assessor.Assessment, decision: Int64) async -> CheckResult {
    guard let model = assessment.evaluation.model else { return CheckResult(assessment, action: .none) }
    do {
      let ticket: RunTicket
      switch assessment.action {
      case .none: return CheckResult(assessment, action: .none)
      case .suppressed: return CheckResult(assessment, action: .suppressed)
      case .exhausted: return CheckResult(assessment, action: .exhausted)
      case .join(let run, _):
        guard
          let joined = try await retrain.get().join(
            run, model: model, evaluation: assessment.evaluation, decision: decision)
        else {
          await noteRefusal(of: decision, because: "run \(run) had just ended")
          return CheckResult(
            evaluation: assessment.evaluation, action: .suppressed,
            reason: "\(assessment.evaluation.reason); run \(run) has just ended, the next check decides anew")
        }
        ticket = joined
      case .fire:
        ticket = try await retrain.get().request(
          RunRequest(
            model: model, kind: .pull, trigger: .degraded, evaluation: assessment.evaluation, decision: decision))
      case .retry(let run, _):
        ticket = try await retrain.get().retry(
          run, model: model, evaluation: assessment.evaluation, decision: decision)
      }
      return CheckResult(assessment, action: ticket.isJoined ? .joined : .started, run: ticket.run)
    } catch {
      await noteRefusal(of: decision, because: "\(error)")
      return CheckResult(
        evaluation: assessment.evaluation, action: .failed,
        reason: "\(assessment.evaluation.reason); no run was started: \(error)",
        isTemporary: Patience.isWorthwhile(error))
    }
  }

  /// What a stored decision asked for was not done.
  private func noteRefusal(of decision: Int64, because why: String) async {
    do {
      try await journal.refuse(decision: decision, because: why)
    } catch {
      parts.log.warning("Decision \(decision): that it was refused could not be recorded: \(error)")
    }
  }
}
