import Journal
import Platform
import Rules
import Stores
import Supervision

/// Schedules checks and acts on what they find: every finding is stored, a degraded model is handed to the lane.
///
/// All checks, scheduled or asked for, go through one loop, so that two of them never judge the same evidence at once.
public actor MonitorActor {
  /// Checks that may wait for the loop; one more is refused.
  static let maximumRequests = 64

  private let journal: Journal
  private let retrain: Ref<RetrainActor>
  private let parts: Parts
  private let settings: SettingsBox
  /// False for a command that runs one check and ends.
  private let isScheduled: Bool
  private let wakeup = Wakeup()
  private var schedule: MonitorSchedule
  private var requests: [CheckRequest] = []
  private var lastError: String?
  private var lastVerdicts: [String: Verdict] = [:]
  private var lastSummary: MonitorSummary

  /// A check that somebody asked for.
  private struct CheckRequest {
    var only: Set<String>?
    var isDryRun: Bool
    var answer: CheckedContinuation<Result<[CheckResult], StoreFailure>, Never>
  }

  /// A fresh incarnation; it does nothing before `run`.
  init(
    journal: Journal, retrain: Ref<RetrainActor>, parts: Parts, settings: SettingsBox, isScheduled: Bool
  ) {
    self.journal = journal
    self.retrain = retrain
    self.parts = parts
    self.settings = settings
    self.isScheduled = isScheduled
    schedule = MonitorSchedule(
      interval: settings.current.interval, now: parts.clock.now(), wall: parts.wallClock.microseconds())
    lastSummary = MonitorSummary()
  }

  /// Checks on schedule until the task is cancelled. A failed check neither stops nor shifts the schedule.
  func run(_ context: ChildContext) async throws {
    context.ready()
    while !Task.isCancelled {
      if !requests.isEmpty {
        let request = requests.removeFirst()
        request.answer.resume(returning: await answer(request))
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
      case .check(let number): await scheduledCheck("Check \(number)", only: nil)
      case .retry: await scheduledCheck("Retry", only: await modelsDueForRetry())
      }
    }
    for request in requests { request.answer.resume(returning: .failure(Self.stopping)) }
    requests = []
  }

  private static let stopping = StoreFailure("retraind is stopping: ask again after the restart")

  /// Checks now, as the schedule would.
  ///
  /// - Parameters:
  ///   - only: these models; nil for all.
  ///   - isDryRun: only evaluate.
  func check(only: Set<String>?, isDryRun: Bool) async throws(StoreFailure) -> [CheckResult] {
    guard requests.count < Self.maximumRequests, !Task.isCancelled else {
      throw StoreFailure("\(Self.maximumRequests) checks are waiting already: try again in a moment")
    }
    let result = await withCheckedContinuation { continuation in
      requests.append(CheckRequest(only: only, isDryRun: isDryRun, answer: continuation))
      wakeup.poke()
    }
    return try result.get()
  }

  /// The configuration changed.
  func onSettingsChanged() { wakeup.poke() }

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

  private func answer(_ request: CheckRequest) async -> Result<[CheckResult], StoreFailure> {
    do {
      return .success(try await check(only: request.only, isDryRun: request.isDryRun, name: "Check on request"))
    } catch let failure as StoreFailure {
      return .failure(failure)
    } catch {
      return .failure(StoreFailure("\(error)"))
    }
  }

  private func scheduledCheck(_ name: String, only: Set<String>?) async {
    do {
      _ = try await check(only: only, isDryRun: false, name: name)
      if lastError != nil { parts.log.info("Checks work again.") }
      lastError = nil
    } catch {
      lastError = "\(error)"
      parts.log.error("\(name) failed: \(error). The next one comes as scheduled.")
    }
  }

  private func modelsDueForRetry() async -> Set<String>? {
    let now = Timestamp(microseconds: parts.wallClock.microseconds())
    guard let waiting = try? await journal.modelsWithRetry() else { return nil }
    return Set(waiting.filter { $0.value <= now }.keys)
  }

  /// One full check.
  private func check(only: Set<String>?, isDryRun: Bool, name: String) async throws -> [CheckResult] {
    let begin = parts.clock.now()
    let settings = settings.current
    let assessor = Assessor(stats: parts.stats(journal), journal: journal, wallClock: parts.wallClock)
    let assessments = try await assessor.assess(settings, only: only)
    var results: [CheckResult]
    if isDryRun {
      results = assessments.map { CheckResult($0, action: .none) }
    } else {
      let now = Timestamp(microseconds: parts.wallClock.microseconds())
      let ids = try await journal.storeDecisions(assessments.map { DecisionRow($0, at: now) })
      results = []
      results.reserveCapacity(assessments.count)
      for (assessment, id) in zip(assessments, ids) { results.append(await act(on: assessment, decision: id)) }
      noteRetries(assessments, now: now)
      lastSummary = MonitorSummary(results, at: now)
    }
    tell(name, results, took: parts.clock.now() - begin)
    return results
  }

  private func act(on assessment: Assessor.Assessment, decision: Int64) async -> CheckResult {
    guard let model = assessment.evaluation.model else { return CheckResult(assessment, action: .none) }
    do {
      let ticket: RunTicket
      switch assessment.action {
      case .none: return CheckResult(assessment, action: .none)
      case .suppressed: return CheckResult(assessment, action: .suppressed)
      case .exhausted: return CheckResult(assessment, action: .exhausted)
      case .join(let run, _): return CheckResult(assessment, action: .joined, run: run)
      case .fire:
        ticket = try await lane().request(
          RunRequest(
            model: model, kind: .pull, trigger: .degraded, evaluation: assessment.evaluation, decision: decision))
      case .retry(let run, _): ticket = try await lane().retry(run, model: model)
      }
      return CheckResult(assessment, action: ticket.isJoined ? .joined : .started, run: ticket.run)
    } catch {
      parts.log.error("\(model): no run was started: \(error)")
      return CheckResult(
        evaluation: assessment.evaluation, action: .failed,
        reason: "\(assessment.evaluation.reason); no run was started: \(error)")
    }
  }

  private func lane() throws -> RetrainActor { try retrain.get() }

  private func noteRetries(_ assessments: [Assessor.Assessment], now: Timestamp) {
    guard let next = assessments.compactMap({ $0.memory.retryAt }).filter({ $0 > now }).min() else { return }
    schedule.onRetryKnown(after: .microseconds(next.microseconds - now.microseconds), now: parts.clock.now())
  }

  /// One line a check, and one for each model whose verdict changed or on which something was done.
  private func tell(_ name: String, _ results: [CheckResult], took: Duration) {
    for result in results.prefix(Self.maximumLines) {
      let key = result.evaluation.model ?? ""
      let isNews = lastVerdicts.updateValue(result.evaluation.verdict, forKey: key) != result.evaluation.verdict
      let line = "\(result.evaluation.model ?? "(no model)"): \(result.evaluation.verdict.rawValue), \(result.reason)."
      switch result.action {
      case .started, .joined: parts.log.warning("⚠️ \(line)")
      case .failed: parts.log.error(line)
      case .none, .suppressed, .exhausted, .succeeded:
        if isNews { parts.log.info(line) } else { parts.log.debug(line) }
      }
    }
    if results.count > Self.maximumLines {
      parts.log.info("… and \(results.count - Self.maximumLines) more models: `retraind status` lists all.")
    }
    parts.log.info("\(name): \(MonitorSummary.words(results)) (\(took.formatted)).")
  }

  /// Lines about single models that one check writes at most.
  private static let maximumLines = 50
}

extension CheckResult {
  /// What the policy said of it, with what was done.
  init(_ assessment: Assessor.Assessment, action: CheckAction, run: String? = nil) {
    let why: String
    switch assessment.action {
    case .none(let text), .fire(let text), .suppressed(let text), .exhausted(let text): why = text
    case .retry(_, let text), .join(_, let text): why = text
    }
    let reason = assessment.evaluation.reason
    self.init(
      evaluation: assessment.evaluation, action: action,
      reason: why.isEmpty || why == reason ? reason : "\(reason); \(why)", run: run)
  }
}
