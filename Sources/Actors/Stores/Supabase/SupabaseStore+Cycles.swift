internal import Journal
internal import Platform
public import Rules

/// Adding a cycle that a person or a program recorded.
extension SupabaseStore {
  /// Tries of one row: each leaves out a column that the table does not have.
  private static let maximumTries = 12

  /// Adds a cycle to `learning_stats`, with those columns that the table has. The same id twice is one row.
  public func add(_ row: CycleRow) async throws(StoreFailure) {
    var knowledge = session.knowledge(of: Self.statsTable)
    for _ in 0..<Self.maximumTries {
      let columns = Self.values(of: row).filter { column, value in
        if case .null = value { return false }
        return !knowledge.missing.contains(column) && (column != "id" || knowledge.takesID)
      }
      do throws(StoreProblem) {
        try await session.client.post(
          Self.statsTable, columns: columns.map(\.0), rows: JSONText.of(.array([.object(columns)])),
          ignoringDuplicates: knowledge.ignoresDuplicates && columns.contains { $0.0 == "id" })
        session.learn(knowledge, of: Self.statsTable)
        return
      } catch {
        if error.kind == .duplicate, !knowledge.ignoresDuplicates, await isThere(row.id) { return }
        try learn(error, row, &knowledge)
      }
    }
    throw StoreFailure("\(Self.statsTable) at \(session.client.endpoint) takes none of the columns of a cycle")
  }

  /// Whether a row with this id is there already; false also where that cannot be told.
  private func isThere(_ id: String) async -> Bool {
    let query = PostgRESTQuery().with("select", "id").with("id", "eq.\(id)").with("limit", "1")
    guard let response = try? await session.client.get(Self.statsTable, query) else { return false }
    return (try? JSONRows.read(response.body, columns: ["id"]))?.isEmpty == false
  }

  private static func values(of row: CycleRow) -> [(String, JSONText.Value)] {
    let rate: JSONText.Value =
      switch Journal.rate(of: row) {
      case .real(let rate): .real(rate)
      case .text(let text): .text(text)
      default: .null
      }
    return [
      ("id", .text(row.id)), ("timestamp", .optional(row.timestamp?.rfc3339)), ("model", .optional(row.model)),
      ("model_version", .optional(row.modelVersion)),
      ("window_minutes", .integer(row.windowMinutes ?? Journal.defaultWindowMinutes)),
      ("total_events", .optional(row.totalEvents)), ("accepted", .optional(row.accepted)),
      ("rejected", .optional(row.rejected)), ("edited", .optional(row.edited)), ("accept_rate", rate),
    ]
  }

  /// Takes from an answer what the table does not take.
  private func learn(
    _ problem: StoreProblem, _ row: CycleRow, _ knowledge: inout SupabaseSession.TableKnowledge
  ) throws(StoreFailure) {
    let place = "\(Self.statsTable) at \(session.client.endpoint)"
    switch problem.kind {
    case .missingColumn("model"):
      // Without it the row would be about another model, or none.
      throw StoreFailure(
        "\(place) has no column model, so the cycle of \(row.model ?? "no model") cannot be told from others'. "
          + "Run in the SQL editor: ALTER TABLE public.\(Self.statsTable) ADD COLUMN model text;")
    case .missingColumn(let name?) where Self.values(of: row).contains { $0.0 == name }:
      knowledge.missing.insert(name)
    case .refused where problem.isAboutConflict && knowledge.ignoresDuplicates: knowledge.ignoresDuplicates = false
    case .refused where (problem.generatedColumn ?? "id") != "id":
      guard let column = problem.generatedColumn, knowledge.missing.insert(column).inserted else {
        throw StoreFailure(problem.description)
      }
    case .refused where ["22P02", "428C9"].contains(problem.code) && knowledge.takesID:
      guard problem.code == "428C9" || problem.message.contains(row.id) else { break }
      guard !problem.message.contains("type uuid") else {
        throw StoreFailure("\(place) has uuids for ids, which \"\(StoreProblem.printable(row.id))\" is none of")
      }
      knowledge.takesID = false
      knowledge.countsIDs = problem.isAboutInteger
      return
    // numeric(3,3) cannot hold 1: the counts say the same.
    case .refused where problem.code == "22003" && row.accepted != nil && !knowledge.missing.contains("accept_rate"):
      knowledge.missing.insert("accept_rate")
    case .duplicate where !knowledge.takesID:
      throw StoreFailure(
        "\(problem); run in the SQL editor: \(Remedy.counter(Self.statsTable, schema: problem.schema))")
    case .missingTable:
      throw StoreFailure("\(problem); create it with the SQL that `retraind schema --postgres` prints")
    case .denied, .deniedToAnonymous:
      let remedy = Remedy.access(Self.statsTable, session.client.endpoint, problem, "SELECT, INSERT")
      throw StoreFailure("\(problem); run in the SQL editor: \(remedy)")
    case .refused:
      let remedy = Remedy.column(Self.statsTable, problem, knowledge).map { "; run in the SQL editor: \($0)" }
      throw StoreFailure(problem.description + (remedy ?? ""))
    case .unanswered:
      throw StoreFailure("\(problem). It may have been recorded all the same: --id \(row.id) records it once.")
    default: throw StoreFailure(problem.description)
    }
  }
}
