import Journal
import Platform
import Rules

/// What stands in a world's database, read as the `sqlite3` shell would: with SQL, beside whoever writes it.
extension World {
  /// The database.
  var databasePath: String { statePath("retraind.db") }

  /// The rows of a query, as text; none where there is no database yet.
  ///
  /// - Parameters:
  ///   - columns: what is read of each row.
  ///   - rest: the query behind them, from `FROM` on.
  func query(_ columns: [String], _ rest: String, state: String? = nil) throws -> [[String?]] {
    let path = state.map { "\($0)/retraind.db" } ?? databasePath
    guard Files.exists(path) else { return [] }
    let database = try SQLiteDatabase(path: path, access: .readOnly)
    return try database.query("SELECT \(columns.joined(separator: ", ")) \(rest)") { row in
      var values: [String?] = []
      for index in columns.indices { values.append(row[index].text) }
      return values
    }
  }

  /// The number of rows that a query counts.
  func count(_ rest: String, of what: String = "count(*)", state: String? = nil) throws -> Int {
    try query([what], rest, state: state).first?.first?.flatMap { Int($0) } ?? 0
  }

  /// Changes the database from outside.
  func execute(_ script: String) throws {
    let database = try SQLiteDatabase(path: databasePath)
    try database.execute(script: script)
  }

  /// Runs as the journal has them, oldest first.
  func runs() throws -> [(id: String, model: String, state: String, result: String, error: String)] {
    try query(["id", "model", "state", "result", "error"], "FROM retraind_runs ORDER BY requested_at, id").map { row in
      (row[0] ?? "", row[1] ?? "", row[2] ?? "", row[3] ?? "", row[4] ?? "")
    }
  }

  /// Waits until a run of a model is in a state.
  func waitForRun(_ state: String, model: String) async throws {
    try await waitUntil("a run of \(model) in the state \(state)") {
      try runs().contains { $0.model == model && $0.state == state }
    }
  }

  /// Adds cycles of a model, one an hour, the last one just now.
  ///
  /// - Parameter rates: accepted of a hundred, oldest first.
  func record(_ model: String, _ rates: [Int], state: String? = nil) async throws {
    let now = WallClock.system.microseconds()
    for (index, accepted) in rates.enumerated() {
      let end = Timestamp(microseconds: now - Int64(rates.count - 1 - index) * 3_600_000_000 - 1_000_000)
      try await succeed(
        [
          "record", "--model", model, "--accepted", "\(accepted)", "--rejected", "\(100 - accepted)", "--timestamp",
          end.rfc3339,
        ], state: state)
    }
  }

  /// Five cycles of a model that declines: their mean is 0.4.
  static let declining = [60, 50, 40, 30, 20]

  /// Makes the database and puts the same cycles into it at once, where a test is not about `record`.
  func seed(_ models: [String], _ rates: [Int] = World.declining, state: String? = nil) async throws {
    let path = state.map { "\($0)/retraind.db" } ?? databasePath
    let journal = try await Journal.open(path: path)
    await journal.close()
    let database = try SQLiteDatabase(path: path)
    let now = WallClock.system.microseconds()
    for model in models {
      for (index, accepted) in rates.enumerated() {
        let end = Timestamp(microseconds: now - Int64(rates.count - 1 - index) * 3_600_000_000 - 1_000_000)
        try database.run(
          "INSERT INTO learning_stats (timestamp, model, window_minutes, accepted, rejected) VALUES (?1, ?2, 60, ?3, ?4)",
          [.text(end.rfc3339), .text(model), .integer(Int64(accepted)), .integer(Int64(100 - accepted))])
      }
    }
  }

  /// The status of the daemon that runs here.
  func status() async throws -> JSONValue { try await succeed(["status", "--json"]).json() }
}
