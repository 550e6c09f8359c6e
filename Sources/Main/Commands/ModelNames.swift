import Actors
import Journal
import Platform
import Rules
import Stores

/// Whether anything here has heard of a model that somebody typed, and which name was probably meant.
enum ModelNames {
  /// Known names that are told where none of them is near.
  static let mostTold = 5
  /// Newest runs whose models are known.
  static let runsLookedAt = 1000

  /// A model that no cycle, judgement or decision, no run that succeeded and no configuration names.
  struct Unknown: Sendable {
    /// As it was typed.
    let model: String
    /// What is known; empty where nothing is.
    let known: [String]

    /// What was probably meant; nil where nothing known is near.
    var near: String? { NearModel.of(model, among: known) }

    /// For a command that can tell nothing of it.
    var refusal: String {
      let told = known.prefix(mostTold).map(\.shownName).joined(separator: ", ")
      let hint =
        near.map { "did you mean \($0.shownName)?" }
        ?? (known.isEmpty ? "nothing is known yet" : "known: \(told)\(known.count > mostTold ? ", …" : "")")
      return
        "no cycle, judgement or run that succeeded names \(model.shownName) here, nor does the configuration: \(hint)"
    }

    /// For a command that takes it all the same; nil where it is like no other, which is how a new one looks.
    var note: String? {
      near.map { "retraind: note: \(model.shownName) is new here; did you mean \($0.shownName), which is known?" }
    }
  }

  /// What is to be said of a model that nothing here has heard of; nil where something has, or where that cannot be told.
  /// A name that only a flag gave is none that the configuration knows, and one in other capitals is another model here.
  ///
  /// - Parameter readsStore: whether a project elsewhere is read first where nothing at hand knows the name: what came to
  ///   it since the last look can name it.
  static func unknown(_ model: String, _ loaded: LoadedConfiguration, readsStore: Bool = false) async -> Unknown? {
    var configured = loaded.settings.models.keys.sorted()
    var isByFlag = false
    if case .flag = loaded.source(of: ["model"]) { isByFlag = true }
    if let named = loaded.settings.model, !isByFlag { configured.append(named) }
    if contains(configured, model) { return nil }
    let journal: Journal
    do throws(JournalFailure) {
      journal = try await Journal.open(path: loaded.paths.database, readOnly: true)
    } catch {
      // Where nothing is recorded yet, the configuration alone knows names.
      // Of a project elsewhere nobody has read yet which models it has.
      if case .database(let failure) = error, failure.kind == .absent, loaded.settings.supabase?.isComplete != true {
        return Unknown(model: model, known: configured)
      }
      return nil
    }
    let unknown = try? await look(for: model, beside: configured, rowsOfNone: isByFlag, readsStore, loaded, journal)
    await journal.close()
    return unknown ?? nil
  }

  /// - Parameter rowsOfNone: whether rows that name no model are about this one.
  private static func look(
    for model: String, beside configured: [String], rowsOfNone: Bool, _ readsStore: Bool, _ loaded: LoadedConfiguration,
    _ journal: Journal
  ) async throws -> Unknown? {
    let stats = StoreParts.atHand(loaded.settings, journal)
    if try await names(model, stats) { return nil }
    // Also where the rows that it was decided by name none, or are gone.
    if try await !journal.decisions(model: model, limit: 1).isEmpty { return nil }
    // So it is where its cycles were never read.
    if let standing = await stats.standingAtHand() {
      if standing.mirroredAt == nil { return nil }
      if readsStore {
        guard try await stats.refresh() == nil else { return nil }
        if try await names(model, stats) { return nil }
      }
    }
    let cycles = try await stats.newestRows(of: nil, limit: 1)
    if rowsOfNone, cycles.contains(where: { $0.model == nil }) { return nil }
    let others =
      cycles.compactMap(\.model) + (try await journal.runs(limit: runsLookedAt).filter(isOfKnown).map(\.model))
      + (try await journal.judgedModels())
    if contains(others, model) { return nil }
    var seen: Set<String> = []
    return Unknown(model: model, known: (configured + others).filter { seen.insert(ModelName.normalised($0)).inserted })
  }

  private static func names(_ model: String, _ stats: any StatsSource) async throws -> Bool {
    try await stats.newestRows(of: ModelName.spellings(of: model), limit: 1).contains { !$0.rows.isEmpty }
  }

  /// One that failed may be of a mistyped name.
  private static func isOfKnown(_ run: RunRow) -> Bool { !run.state.isTerminal || run.result != nil }

  private static func contains(_ names: [String], _ model: String) -> Bool {
    let wanted = ModelName.normalised(model)
    return names.contains { ModelName.normalised($0) == wanted }
  }
}
