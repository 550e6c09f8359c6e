public import Journal
internal import Platform
internal import Rules

/// A Supabase project as the place that cycles come from and events go to, with a mirror of the cycles in the journal.
public struct SupabaseStore: StatsSource, EventSink {
  /// The table that cycles come from.
  static let statsTable = "learning_stats"

  /// What is known of the project.
  let session: SupabaseSession
  /// Keeps the mirror; nil where nothing has been recorded yet.
  let journal: Journal?
  /// What the last look saw, for who may not write it into the mirror.
  private let seen = Guarded(MirrorOverlay())

  /// The store of a project, over the journal of the instance that runs. Over one that is open for reading only, or
  /// none, what is read stays in memory.
  public init(_ session: SupabaseSession, journal: Journal?) {
    self.session = session
    self.journal = journal
  }

  /// The journal, where the mirror may be written.
  private var mirror: Journal? { journal.flatMap { $0.isReadOnly ? nil : $0 } }

  /// `supabase https://x.supabase.co`.
  public var name: String { session.standing.name }

  /// How it stands with the project.
  public var standing: StoreStanding? { session.standing }

  /// The project has not been asked; the journal knows when its cycles were last read in full.
  public func standingAtHand() async -> StoreStanding? {
    var standing = session.standing
    if standing.mirroredAt == nil {
      standing.mirroredAt = try? await journal?.mirrorCompleted(of: client.endpoint.root)
    }
    return standing
  }

  private var client: PostgRESTClient { session.client }

  /// The newest rows of the mirror, as `refresh` left it.
  public func newestRows(of models: [String?]?, limit: Int) async throws(StoreFailure) -> [ModelRows] {
    do throws(JournalFailure) {
      if let mirror { return try await mirror.newestCycles(of: models, limit: limit, in: .mirror) }
      let overlay = seen.withLock { $0 }
      let kept = overlay.hidesMirror ? [] : try await journal?.newestCycles(of: models, limit: limit, in: .mirror) ?? []
      return overlay.newest(of: models, limit: limit, over: kept)
    } catch {
      throw StoreFailure(error.description)
    }
  }

  /// Reads what is new into the mirror; where the project is away, the mirror is what checks judge by.
  public func refresh() async throws(StoreFailure) -> String? {
    let source = client.endpoint.root
    do {
      try await look(source)
      session.onRead()
      return nil
    } catch let problem as StoreProblem {
      let mirroredAt = try await completed(source)
      session.onReadFailed(problem, mirroredAt: mirroredAt)
      guard let mirroredAt else { throw StoreFailure(problem.description) }
      return "cycles as of \(mirroredAt.rfc3339), since \(problem)"
    } catch {
      throw StoreFailure("\(error)")
    }
  }

  private func completed(_ source: String) async throws(StoreFailure) -> Timestamp? {
    do throws(JournalFailure) {
      return try await journal?.mirrorCompleted(of: source)
    } catch {
      throw StoreFailure(error.description)
    }
  }

  private func look(_ source: String) async throws {
    guard let columns = try await columns() else {
      // No row at all: there is nothing to read, and nobody can tell why.
      if let mirror {
        try await mirror.finishLook(try await mirror.beginLook(at: source), sawRows: false, at: session.now)
      }
      session.note(
        "empty",
        "\(name) shows no row of \(Self.statsTable): it is empty, or a row-level security policy hides its rows from "
          + "the role \(client.endpoint.role). The key of the service role sees them all.")
      return
    }
    session.note("empty", nil)
    session.note(
      "columns",
      columns.saysHowItWent
        ? nil
        : "\(Self.statsTable) at \(client.endpoint) has neither accept_rate nor accepted and rejected: no cycle can be "
          + "judged. Run in the SQL editor: ALTER TABLE public.\(Self.statsTable) ADD COLUMN accepted integer, "
          + "ADD COLUMN rejected integer;")
    let look: Journal.MirrorLook
    if let mirror {
      look = try await mirror.beginLook(at: source)
    } else {
      look = try await journal?.possibleLook(at: source) ?? Journal.MirrorLook(number: 0)
    }
    var overlay = MirrorOverlay(floor: look.floor, hidesMirror: look.completedAt == nil)
    var paging = StatsPaging(columns: columns, floor: look.floor)
    var action = StatsPaging.Action.ask(paging.first)
    while case .ask(let query) = action {
      let page = try await page(query, columns)
      try await keep(page.enumerated().map { columns.row($1, ordinal: paging.rows + $0) }, look, &overlay)
      action = paging.onPage(page)
    }
    let unstamped = try await page(paging.unstamped, columns)
    try await keep(unstamped.enumerated().map { columns.row($1, ordinal: $0) }, look, &overlay)
    if let mirror {
      try await mirror.finishLook(look, sawRows: paging.rows + unstamped.count > 0, at: session.now)
    } else {
      seen.withLock { [overlay] in $0 = overlay }
    }
  }

  private func keep(_ rows: [CycleRow], _ look: Journal.MirrorLook, _ overlay: inout MirrorOverlay) async throws {
    if let mirror { try await mirror.mirror(rows, look: look) } else { overlay.rows += rows }
  }

  /// The columns that the table has, seen on one row of it; nil where there is no row.
  private func columns() async throws -> StatsColumns? {
    let response: HTTPResponse
    do throws(StoreProblem) {
      response = try await client.get(
        Self.statsTable, PostgRESTQuery().with("select", "*").with("limit", "1"))
    } catch {
      throw explained(error)
    }
    guard
      let names = try read(response, { bytes throws(JSONRows.Problem) in try JSONRows.columns(ofFirstRowIn: bytes) })
    else { return nil }
    guard let columns = StatsColumns(names: names) else {
      var problem = StoreProblem(
        .missingColumn("timestamp"),
        "\(Self.statsTable) at \(client.endpoint) has no column that says when a cycle ended. Run in the SQL editor: "
          + "ALTER TABLE public.\(Self.statsTable) ADD COLUMN timestamp timestamptz;")
      problem.status = response.status
      throw problem
    }
    return columns
  }

  private func page(_ query: PostgRESTQuery, _ columns: StatsColumns) async throws -> [[SQLiteValue]] {
    let response: HTTPResponse
    do throws(StoreProblem) {
      response = try await client.get(Self.statsTable, query)
    } catch {
      throw explained(error)
    }
    return try read(response) { bytes throws(JSONRows.Problem) in
      try JSONRows.read(bytes, columns: columns.present)
    }
  }

  /// Reads a body; one that is none is a problem.
  private func read<Value>(
    _ response: HTTPResponse, _ body: ([UInt8]) throws(JSONRows.Problem) -> Value
  ) throws(StoreProblem) -> Value {
    do throws(JSONRows.Problem) {
      return try body(response.body)
    } catch {
      switch error {
      case .cutOff where !response.body.isEmpty:
        throw StoreProblem(
          .notUnderstood, "\(Self.statsTable) at \(client.endpoint): the answer ends in the middle of a row")
      default: throw client.problem(response, Self.statsTable)
      }
    }
  }

  /// A problem with what a person can do about it.
  private func explained(_ problem: StoreProblem) -> StoreProblem {
    var problem = problem
    switch problem.kind {
    case .missingTable:
      problem.description +=
        "; create it with the SQL that `retraind schema --postgres` prints"
    case .denied, .deniedToAnonymous:
      problem.description +=
        "; run in the SQL editor: " + Remedy.access(Self.statsTable, client.endpoint, problem, "SELECT")
    default: break
    }
    return problem
  }
}
