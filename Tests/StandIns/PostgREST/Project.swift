/// A table of the stand-in.
public struct StandInTable: Sendable {
  /// Its columns.
  public var columns: [String]
  /// Columns that refuse NULL.
  public var required: Set<String> = []
  /// Whether ids are numbers that it counts itself.
  public var countsIDs = false
  /// The id that comes next, where its counter is behind its rows; else it counts on from them.
  public var nextID: Int?
  /// A column other than the id that is its key, so that no two rows have the same value there.
  public var key: String?
  /// Columns that take no value but their own.
  public var generated: Set<String> = []
  /// Whether it is a view that a trigger writes for: there is no key that duplicates could be told by.
  public var isView = false
  /// Whether the service role may use it.
  public var isGranted = true
  /// Its rows.
  public var rows: [[String: Cell]] = []

  /// A table without rows.
  public init(_ columns: [String], rows: [[String: Cell]] = []) {
    self.columns = columns
    self.rows = rows
  }

  /// As the replaced system has it.
  public static var learningStats: StandInTable {
    StandInTable([
      "id", "timestamp", "window_minutes", "total_events", "accepted", "rejected", "edited", "accept_rate",
      "avg_accepted_confidence", "avg_rejected_confidence", "confidence_gap", "created_at",
    ])
  }
  /// As the replaced system has it.
  public static var systemEvents: StandInTable {
    StandInTable(["id", "event_type", "timestamp", "severity", "message", "metadata", "notes", "created_at"])
  }
  /// As the replaced system has it.
  public static var learningEvents: StandInTable {
    StandInTable([
      "id", "submission_id", "event_type", "approved", "model_version", "confidence_score", "metadata", "created_at",
    ])
  }
}

/// A Supabase project in memory: tables, a gateway with keys, PostgREST's answers as they were recorded.
public struct StandInProject: Sendable {
  /// The key of the service role.
  public static let secretKey = "sb_secret_stand-in-0123456789"
  /// The key of the role `anon`.
  public static let publishableKey = "sb_publishable_stand-in-0123456789"
  /// The service role's key of the old kind: `{"alg":"HS256"}.{"role":"service_role"}.sig`.
  public static let legacyKey = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.c2lnbmF0dXJl"

  /// The tables by name.
  public var tables: [String: StandInTable] = [
    "learning_stats": .learningStats, "system_events": .systemEvents, "learning_events": .learningEvents,
  ]
  /// Rows that an answer has at most, whatever is asked for.
  public var maximumRows = 1000

  /// A PostgREST of one's own: no gateway before it, and tables at the root instead of below `/rest/v1`.
  public var isBare = false

  /// PostgREST's version: 12 answers `{}` where later ones have a code.
  public var version = 14

  /// The schemas that the API shows; the first is meant where a request names none.
  public var schemas = ["public"]
  /// The schema that the tables are in.
  public var schema = "public"

  /// What another application answers at the root, beside a PostgREST that no path leads to.
  public var otherAtRoot: StandInAnswer?

  /// The ids of rows that a check constraint or a trigger refuses.
  public var refuses: Set<String> = []
  /// How it does so; nil for a check constraint.
  public var refusal: StandInAnswer?

  /// As it is new.
  public init() {}

  /// A request.
  public struct Request: Sendable {
    /// `GET`.
    public var method: String
    /// With the query.
    public var target: String
    /// By lower-case name.
    public var headers: [String: String]
    /// The body.
    public var body: String

    /// Makes one.
    public init(method: String, target: String, headers: [String: String], body: String) {
      self.method = method
      self.target = target
      self.headers = headers
      self.body = body
    }

    /// The table that it is about; empty where the path names none.
    public var table: String {
      let path = target.split(separator: "?", omittingEmptySubsequences: false)[0]
      if path.hasPrefix("/rest/v1/") { return String(path.dropFirst(9)) }
      return path.dropFirst().contains("/") ? "" : String(path.dropFirst())
    }

    /// Whether it asks below `/rest/v1`.
    var isBelowAPI: Bool { target.hasPrefix("/rest/v1/") }
  }

  /// Answers a request, and does what it asks.
  public mutating func answer(_ request: Request) -> StandInAnswer {
    if let otherAtRoot, !request.isBelowAPI { return otherAtRoot }
    if isBare, request.isBelowAPI || request.table.isEmpty { return version < 13 ? .emptyObject : .unknownPath }
    guard isBare || request.isBelowAPI else {
      return StandInAnswer(
        "404 Not Found", headers: [("Content-Type", "application/json; charset=utf-8")],
        body: #"{"error":"requested path is invalid"}"#)
    }
    let recorded = PostgRESTRecordings.shared
    guard let key = request.headers["apikey"] else { return recorded[""] }
    let bearer = request.headers["authorization"].map { String($0.dropFirst(7)) }
    if let bearer, bearer.hasPrefix("sb_") { return recorded["sb_secret as bearer"] }
    guard [Self.secretKey, Self.publishableKey, Self.legacyKey].contains(key) else { return recorded["apikey: nope"] }
    let isAnonymous = key == Self.publishableKey
    if key == Self.legacyKey, bearer != key { return recorded["garbage jwt"] }
    let name = request.table
    let profile = request.headers[request.method == "GET" ? "accept-profile" : "content-profile"]
    if let profile, !schemas.contains(profile) {
      return version < 14
        ? .error(
          "406 Not Acceptable", "PGRST106",
          "The schema must be one of the following: \(schemas.joined(separator: ", "))")
        : recorded["bad schema"].replacing("private", profile)
    }
    let asked = profile ?? schemas[0]
    guard asked == schema, let table = tables[name] else {
      if version < 13 {
        return request.method == "GET"
          ? .error("404 Not Found", "42P01", "relation \"\(asked).\(name)\" does not exist") : .emptyObject
      }
      return recorded["missing table \(request.method)"].replacing("public.", "\(asked).")
        .replacing("system_events", name)
    }
    guard table.isGranted else {
      return recorded["no GRANT to service_role (new Supabase default since 2026-05-30/10-30)"]
        .replacing("system_events", name)
    }
    let parts = request.target.split(separator: "?", maxSplits: 1)
    let query = Query(parts.count > 1 ? parts[1] : "")
    switch request.method {
    case "GET":
      if isAnonymous { return recorded["anon RLS read => []"] }
      var answer = read(table, name, query)
      // Of several schemas an answer names its own.
      if schemas.count > 1, answer.code == 200 { answer.headers.append(("Content-Profile", asked)) }
      return answer
    case "POST":
      if isAnonymous { return recorded["anon insert RLS"].replacing("learning_events", name) }
      return write(request, name, query)
    default: return StandInAnswer("405 Method Not Allowed")
    }
  }

  private func read(_ table: StandInTable, _ name: String, _ query: Query) -> StandInAnswer {
    if let missing = query.columns.first(where: { !table.columns.contains($0) }) {
      return PostgRESTRecordings.shared["missing column select"].replacing("nope", missing)
        .replacing("learning_stats", name)
    }
    var rows = table.rows.filter(query.matches)
    if let order = query.value("order") {
      let keys = order.split(separator: ",").map { $0.split(separator: ".").map(String.init) }
      rows.sort { left, right in
        for key in keys {
          let one = left[key[0]]?.text
          let other = right[key[0]]?.text
          let isDescending = key.contains("desc")
          guard one != other else { continue }
          // NULLS FIRST when descending, LAST when ascending, unless it says otherwise.
          guard let one else { return isDescending && !key.contains("nullslast") }
          guard let other else { return !isDescending || key.contains("nullslast") }
          let order = Query.order(one, other)
          if order != 0 { return isDescending ? order > 0 : order < 0 }
        }
        return false
      }
    }
    rows = Array(rows.dropFirst(query.value("offset").flatMap { Int($0) } ?? 0))
    rows = Array(rows.prefix(min(maximumRows, query.value("limit").flatMap { Int($0) } ?? .max)))
    let selected = query.value("select").map { $0.split(separator: ",").map(String.init) } ?? ["*"]
    let names = selected == ["*"] ? table.columns : selected
    let texts = rows.map { row in
      "{"
        + names.map { name in
          // A path's column is called by its last part.
          let title = name.firstRange(of: "->>").map { String(name[$0.upperBound...]) } ?? name
          return "\(Cell.quoted(title)):\(Query.value(name, in: row).json)"
        }.joined(separator: ",") + "}"
    }
    return StandInAnswer(
      "200 OK", headers: [("Content-Type", "application/json; charset=utf-8")],
      body: "[" + texts.joined(separator: ", \n ") + "]")
  }

  private mutating func write(_ request: Request, _ name: String, _ query: Query) -> StandInAnswer {
    let recorded = PostgRESTRecordings.shared
    guard var table = tables[name], let rows = Cell.objects(request.body) else { return recorded["bad json"] }
    let named = query.value("columns")?.split(separator: ",").map(String.init)
    let columns: [String] = named ?? rows.first.map { Array($0.keys) } ?? []
    if let missing = columns.first(where: { !table.columns.contains($0) }) {
      return recorded["missing column insert"].replacing("nope", missing).replacing("learning_events", name)
    }
    if let column = columns.first(where: { table.generated.contains($0) }) {
      return .error("400 Bad Request", "428C9", "cannot insert a non-DEFAULT value into column \"\(column)\"")
    }
    let ignoresDuplicates = request.headers["prefer"]?.contains("ignore-duplicates") == true
    if ignoresDuplicates, table.isView || (table.key != nil && query.value("on_conflict") == "id") {
      return .error(
        "400 Bad Request", "42P10",
        "there is no unique or exclusion constraint matching the ON CONFLICT specification")
    }
    let ids = Set(table.rows.compactMap { $0["id"]?.text })
    var new: [[String: Cell]] = []
    for row in rows {
      var kept = row.filter { columns.contains($0.key) }
      if table.countsIDs {
        if kept["id"] != nil {
          return recorded["int column given 1.5"].replacing("integer", "bigint")
            .replacing("1.5", kept["id"]?.text ?? "")
        }
        kept["id"] = .number("\(table.nextID ?? table.rows.count + new.count + 1)")
        table.nextID = table.nextID.map { $0 + 1 }
        tables[name]?.nextID = table.nextID
      }
      if let column = table.required.sorted().first(where: { (kept[$0] ?? .null) == .null }) {
        return recorded["not null violation"].replacing("\\\"event_type\\\"", "\\\"\(column)\\\"")
          .replacing("learning_events", name)
      }
      if let id = kept["id"]?.text, refuses.contains(id) { return refusal ?? recorded["check violation"] }
      if let id = kept["id"]?.text, ids.contains(id) {
        if ignoresDuplicates { continue }
        return recorded["...again, plain insert"].replacing("system_events", name)
      }
      if let key = table.key, let value = kept[key], (table.rows + new).contains(where: { $0[key] == value }) {
        if ignoresDuplicates { continue }
        return recorded["...again, plain insert"].replacing("system_events", name)
      }
      let path = "metadata->>event_id"
      kept[path] = Query.value(path, in: kept)
      new.append(kept)
    }
    table.rows += new
    tables[name] = table
    return recorded["insert minimal (explicit)"]
  }
}
