public import Platform

/// A look at a project's tables that changes nothing: what is there for this key, and what is missing.
public enum ProjectInspection {
  /// A table as it stands.
  public struct Table: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// How it stands.
    public var state: State

    /// A table that was looked at.
    public init(name: String, state: State) {
      self.name = name
      self.state = state
    }
  }

  /// What a look saw.
  public struct Report: Sendable, Hashable {
    /// Where tables were looked for, for people: `https://x.supabase.co/rest/v1`.
    public var base: String
    /// True where that is the root, without `/rest/v1`.
    public var isBare: Bool
    /// The tables.
    public var tables: [Table]
  }

  /// How a table stands.
  public enum State: Sendable, Hashable {
    /// It can be read; columns that are used and not there. Empty also where a policy hides every row.
    case readable(isEmpty: Bool, missing: [String])
    /// It is not there.
    case missing(String)
    /// The key's role may not read it; what to type into the SQL editor.
    case denied(String, remedy: String)
    /// The key is not accepted.
    case badKey(String)
    /// Nobody answers, or not as PostgREST does.
    case failed(String)
  }

  /// The table that cycles come from.
  public static let stats = "learning_stats"
  /// The table that events go to.
  public static let events = "system_events"
  /// The table that they go to where there is no other.
  public static let otherEvents = "learning_events"

  /// Looks at the tables, all at once.
  public static func look(
    _ endpoint: SupabaseEndpoint, transport: any HTTPTransport, timeouts: HTTPTimeouts
  ) async -> Report {
    let clock = StoreClock(now: { .zero }, sleep: { _ in })
    let client = PostgRESTClient(
      endpoint: endpoint, transport: transport, clock: clock, wallClock: .system, timeouts: timeouts)
    async let first = table(stats, StatsColumns.wanted, client)
    async let second = table(events, SupabaseTable.systemEvents.columns, client)
    async let third = table(otherEvents, SupabaseTable.learningEvents.columns, client)
    let tables = await [first, second, third]
    let isBare = client.isBare
    return Report(base: isBare ? endpoint.description : endpoint.root, isBare: isBare, tables: tables)
  }

  private static func table(_ name: String, _ wanted: [String], _ client: PostgRESTClient) async -> Table {
    do throws(StoreProblem) {
      let response = try await client.getOnce(name, PostgRESTQuery().with("select", "*").with("limit", "1"))
      let names: [String]?
      do throws(JSONRows.Problem) {
        names = try JSONRows.columns(ofFirstRowIn: response.body)
      } catch {
        throw client.problem(response, name)
      }
      guard let names else {
        return Table(name: name, state: .readable(isEmpty: true, missing: try await missing(name, wanted, client)))
      }
      return Table(name: name, state: .readable(isEmpty: false, missing: wanted.filter { !names.contains($0) }))
    } catch {
      return Table(name: name, state: state(error, name, client.endpoint))
    }
  }

  /// Columns that a table without rows has not: it names one with each refusal.
  private static func missing(
    _ name: String, _ wanted: [String], _ client: PostgRESTClient
  ) async throws(StoreProblem) -> [String] {
    var present = wanted
    // Bounded: each turn but the last takes a column away.
    while !present.isEmpty {
      do throws(StoreProblem) {
        _ = try await client.getOnce(
          name, PostgRESTQuery().with("select", present.joined(separator: ",")).with("limit", "1"))
        break
      } catch {
        guard case .missingColumn(let column?) = error.kind, present.contains(column) else { throw error }
        present.removeAll { $0 == column }
      }
    }
    return wanted.filter { !present.contains($0) }
  }

  private static func state(_ problem: StoreProblem, _ table: String, _ endpoint: SupabaseEndpoint) -> State {
    switch problem.kind {
    case .missingTable: .missing(problem.description)
    case .denied, .deniedToAnonymous:
      .denied(problem.description, remedy: Remedy.access(table, endpoint, problem, "SELECT, INSERT"))
    case .badKey: .badKey(problem.description)
    default: .failed(problem.description)
    }
  }
}
