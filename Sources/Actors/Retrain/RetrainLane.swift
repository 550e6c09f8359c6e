import Rules

/// The queue in front of the model server: one run at a time, first come, first served, one entry per model.
///
/// An actor does not serialise across `await`; this does. It holds no clock, task or I/O: `RetrainActor` performs what
/// it answers.
struct RetrainLane: Sendable {
  /// Runs that may wait at once; one more is refused.
  static let capacity = 1000

  /// A run in the lane.
  struct Entry: Sendable, Hashable {
    /// The run's id.
    var run: String
    /// The model that it is for, as it was asked for.
    let model: String
    /// Its normalised name: two ways of writing one model are one entry.
    let key: String
    /// False for a rollback, which a request for a refresh cannot join.
    var isRefresh: Bool
    /// False between the request and its commit in the journal: an entry that is not recorded is never started.
    var isRecorded: Bool

    /// Makes an entry.
    init(run: String, model: String, isRefresh: Bool = true, isRecorded: Bool) {
      self.run = run
      self.model = model
      key = ModelName.normalised(model)
      self.isRefresh = isRefresh
      self.isRecorded = isRecorded
    }
  }

  /// What became of a request.
  enum Admission: Sendable, Hashable {
    /// It has a place of its own.
    case admitted
    /// A run for the model waits or is running; the request is answered by that one.
    case joined(run: String)
    /// A run of the other kind for the model waits or is running: neither can answer for the other.
    case conflicting(run: String)
    /// The lane is full.
    case refused
  }

  /// The run that has the lane; nil while the lane is free.
  private(set) var running: Entry?
  /// The runs that wait, first in front.
  private(set) var waiting: [Entry] = []

  /// A request for a model.
  mutating func onRequest(
    run: String, model: String, isRefresh: Bool = true, isRecorded: Bool = false
  ) -> Admission {
    if let entry = entry(of: model) {
      return entry.isRefresh == isRefresh ? .joined(run: entry.run) : .conflicting(run: entry.run)
    }
    guard waiting.count < Self.capacity else { return .refused }
    waiting.append(Entry(run: run, model: model, isRefresh: isRefresh, isRecorded: isRecorded))
    return .admitted
  }

  /// The model's run that waits or is running.
  func entry(of model: String) -> Entry? {
    let key = ModelName.normalised(model)
    if let running, running.key == key { return running }
    return waiting.first { $0.key == key }
  }

  /// Whether a run waits or is running.
  func holds(_ run: String) -> Bool { running?.run == run || waiting.contains { $0.run == run } }

  /// The request's intent is in the journal.
  mutating func onRecorded(run: String) {
    guard let index = waiting.firstIndex(where: { $0.run == run }) else { return }
    waiting[index].isRecorded = true
  }

  /// The request could not be recorded, or is withdrawn while it waits. A running one is not touched.
  ///
  /// - Returns: whether it waited.
  mutating func onWithdrawn(run: String) -> Bool {
    guard let index = waiting.firstIndex(where: { $0.run == run }) else { return false }
    waiting.remove(at: index)
    return true
  }

  /// Takes the first run if the lane is free and its intent is recorded.
  mutating func takeNext() -> Entry? {
    guard running == nil, let first = waiting.first, first.isRecorded else { return nil }
    waiting.removeFirst()
    running = first
    return first
  }

  /// The running one has ended and its connection or process group is confirmed gone.
  mutating func onEnded(run: String) {
    if running?.run == run { running = nil }
  }

  /// Models that were removed from the configuration: their waiting entries leave, a running one goes on.
  ///
  /// - Parameter isRemoved: asked for the name as it was written, and for the normalised one.
  mutating func onModelsRemoved(_ isRemoved: (String) -> Bool) -> [Entry] {
    let leaving = waiting.filter { $0.isRecorded && (isRemoved($0.model) || isRemoved($0.key)) }
    waiting.removeAll { entry in leaving.contains { $0.run == entry.run } }
    return leaving
  }
}
