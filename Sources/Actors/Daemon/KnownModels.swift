import Journal
import Ollama
import Platform
import Rules
import Stores
import Supervision

/// The models that something here names, on which work may be done by itself: the configuration, a cycle or a judgement.
/// A run names none: it may be of a name that somebody mistyped.
struct KnownModels: Sendable {
  /// Normalised names of the configuration and of judgements.
  private let names: Set<String>
  /// Where cycles come from.
  private let stats: any StatsSource

  /// Looks up the names but those of cycles.
  init(_ settings: Settings, stats: any StatsSource, _ journal: Journal) async throws(JournalFailure) {
    self.stats = stats
    names = Set(
      (settings.namedModels + (try await journal.judgedModels())).map { ModelName.normalised($0) })
  }

  /// Whether something names a model; nil where that cannot be told, since cycles come from elsewhere and were never
  /// read.
  func contains(_ model: String) async throws(StoreFailure) -> Bool? {
    if names.contains(ModelName.normalised(model)) { return true }
    let rows = try await stats.newestRows(of: ModelName.spellings(of: model), limit: 1)
    if rows.contains(where: { !$0.rows.isEmpty }) { return true }
    if let standing = await stats.standingAtHand(), standing.mirroredAt == nil { return nil }
    return false
  }
}

extension RetrainMonitor {
  /// Newest runs of a model that are looked through for one that succeeded.
  static let runsLookedAt = 1000

  /// Why nothing is begun on a model that nothing here names, that no run has served and that the model server does not
  /// have: of a mistyped name there would be a run that cannot succeed, and a model in the status that nobody has. nil
  /// where it is known, or where that cannot be told.
  func refusal(of model: String, _ kind: RunKind) async -> RunRefusal? {
    guard let journal = tree.journal.current,
      let known = try? await KnownModels(settings, stats: parts.stats(journal), journal),
      (try? await known.contains(model)) == false,
      // One that waits is joined, whatever it is of. What a run has served once is no mistyped name, and can be had back.
      let runs = try? await journal.runs(model: model, limit: Self.runsLookedAt),
      !runs.contains(where: { !$0.state.isTerminal || $0.result != nil })
    else { return nil }
    let server = await parts.server()
    guard let present = try? await server.models() else { return nil }
    let wanted = kind == .rollback ? [model, ModelName.backup(of: model)] : [model]
    let own = Set(wanted.map(ModelName.normalised))
    if present.contains(where: { own.contains(ModelName.normalised($0.model)) }) { return nil }
    let name = PrintableText.clip(model, to: PrintableText.nameLength)
    // In other capitals it is another model here, whose cycles are counted apart.
    let other = present.first { there in wanted.contains { ModelName.isSame($0, there.model) } }
    let remedy =
      other.map { "it has \(PrintableText.clip($0.model, to: PrintableText.nameLength)): write it so" }
      ?? (kind == .rollback
        ? "`retraind history --runs` lists what was done to which model"
        : "if the name is right, `ollama pull \(name)` fetches it first, or name it in the configuration")
    return RunRefusal(
      description: "nothing was done: no cycle, judgement or configuration names \(name), and \(server.name) does not "
        + "have it; \(remedy)", isUnknownModel: true)
  }
}
