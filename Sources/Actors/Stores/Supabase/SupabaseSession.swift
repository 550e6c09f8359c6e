public import Platform
internal import Rules

/// What is known of a Supabase project while the program runs: how it stands, and what its tables are like. It outlives
/// the actors that use it.
public final class SupabaseSession: Sendable {
  /// How news is told to people.
  public typealias Teller = @Sendable (LogLevel, String) -> Void

  /// What is known of a table that is written to.
  struct TableKnowledge: Sendable, Hashable {
    /// Columns that it does not have.
    var missing: Set<String> = []
    /// False where its ids are not ours to give.
    var takesID = true
    /// True where they are whole numbers, as far as is known.
    var countsIDs = false
    /// False where the wish to pass over duplicates is refused.
    var ignoresDuplicates = true
  }

  private struct State {
    var standing: StoreStanding
    /// What kind of trouble was told last.
    var told: StoreProblem.Kind?
    var notes: [String: String] = [:]
    var tables: [String: TableKnowledge] = [:]
    /// Until when events go to the second table without asking the first.
    var elsewhereUntil: Duration?
  }

  /// The way to it.
  let client: PostgRESTClient
  private let wallClock: WallClock
  private let tell: Teller
  private let state: Guarded<State>

  /// A session with a project that was not asked yet.
  public init(
    _ endpoint: SupabaseEndpoint, transport: any HTTPTransport, clock: StoreClock, wallClock: WallClock,
    tell: @escaping Teller
  ) {
    client = PostgRESTClient(
      endpoint: endpoint, transport: transport, clock: clock, wallClock: wallClock,
      onBare: {
        tell(.info, "\(endpoint) is a PostgREST of its own: its tables are asked for there, without /rest/v1.")
      })
    self.wallClock = wallClock
    self.tell = tell
    state = Guarded(State(standing: StoreStanding(name: Self.name(of: endpoint))))
  }

  /// `supabase https://x.supabase.co`.
  static func name(of endpoint: SupabaseEndpoint) -> String { "supabase \(endpoint)" }

  /// The wall clock now.
  var now: Timestamp { Timestamp(microseconds: wallClock.microseconds()) }

  /// How it stands.
  public var standing: StoreStanding {
    let isBare = client.isBare
    return state.withLock { state in
      var standing = state.standing
      standing.notes = state.notes.sorted { $0.key < $1.key }.map(\.value)
      if isBare { standing.name += ", without /rest/v1" }
      return standing
    }
  }

  /// Cycles were read in full.
  func onRead() {
    let now = now
    let wasAway = state.withLock { state -> Bool in
      let wasAway = state.standing.state == .away
      if state.standing.state != .available { state.standing.since = now }
      state.standing.state = .available
      state.standing.why = nil
      state.standing.mirroredAt = now
      state.told = nil
      return wasAway
    }
    if wasAway { tell(.info, "\(standing.name) answers again.") }
  }

  /// Cycles could not be read; told once, and again where the trouble became one of another kind.
  ///
  /// - Parameter mirroredAt: when they were last read in full; nil where they never were.
  func onReadFailed(_ problem: StoreProblem, mirroredAt: Timestamp?) {
    guard problem.kind != .cancelled else { return }
    let now = now
    let isNews = state.withLock { state -> Bool in
      if state.standing.state != .away { state.standing.since = now }
      state.standing.state = .away
      state.standing.why = problem.description
      state.standing.mirroredAt = mirroredAt
      defer { state.told = problem.kind.group }
      return state.told != problem.kind.group
    }
    guard isNews else { return }
    let meanwhile =
      mirroredAt.map { "Checks go on with the cycles as of \($0.rfc3339)." }
      ?? "There are no cycles to judge by until it answers."
    tell(.warning, "Cycles cannot be read: \(problem). \(meanwhile)")
  }

  /// Notes something that a person should do, told once; nil takes the note away.
  func note(_ topic: String, _ text: String?) {
    let isNews = state.withLock { state -> Bool in
      let before = state.notes[topic]
      state.notes[topic] = text
      return text != nil && before != text
    }
    if isNews, let text { tell(.warning, text) }
  }

  /// What is known of a table.
  func knowledge(of table: String) -> TableKnowledge { state.withLock { $0.tables[table] ?? TableKnowledge() } }

  /// Keeps what was learned of a table.
  func learn(_ knowledge: TableKnowledge, of table: String) { state.withLock { $0.tables[table] = knowledge } }

  /// True while events go to the second table without asking the first.
  var goesElsewhere: Bool {
    let now = client.clock.now()
    return state.withLock { $0.elsewhereUntil.map { now < $0 } ?? false }
  }

  /// Events go to the second table for some time; nil ends that.
  func goElsewhere(for duration: Duration?) {
    let now = client.clock.now()
    state.withLock { $0.elsewhereUntil = duration.map { now + $0 } }
  }

  /// Somebody has put something right: what is known of the tables is asked again.
  public func forget() {
    client.forget()
    state.withLock { state in
      state.tables = [:]
      state.elsewhereUntil = nil
    }
  }
}

extension StoreProblem.Kind {
  /// Trouble that asks for the same doing has the same group; timeouts, errors and refused connections are one.
  var group: StoreProblem.Kind {
    switch self {
    case .unreachable, .unanswered, .notUnderstood, .cancelled: .unavailable
    case .missingColumn: .missingColumn(nil)
    default: self
    }
  }
}
