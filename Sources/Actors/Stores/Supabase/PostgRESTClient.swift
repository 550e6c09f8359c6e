internal import Platform
internal import Rules

/// The clock that pauses are made with, without its type.
public struct StoreClock: Sendable {
  /// Time since some origin.
  public let now: @Sendable () -> Duration
  /// Waits; throws where the task is cancelled.
  public let sleep: @Sendable (Duration) async throws -> Void

  /// Takes what reads and what waits.
  public init(now: @escaping @Sendable () -> Duration, sleep: @escaping @Sendable (Duration) async throws -> Void) {
    self.now = now
    self.sleep = sleep
  }
}

/// Sends requests to PostgREST and gives back its answer or what went wrong.
struct PostgRESTClient: Sendable {
  /// Statements may take 8 s and wait 10 s for their turn; who says nothing for longer is not there.
  static let timeouts = HTTPTimeouts(
    connect: .seconds(10), firstByte: .seconds(20), stall: .seconds(10), total: .seconds(60))
  /// Bytes of an answer: a page of rows with the columns that are wanted is a tenth of it.
  static let maximumBody = 16 << 20
  /// Pauses before a read is tried again where its connection turned out to be dead: their number bounds the tries.
  static let readPauses: [Duration] = [.milliseconds(500), .seconds(2)]
  /// Who wants to be left alone for longer is not waited for.
  static let longestReadPause = Duration.seconds(2)

  /// Where, and with which key.
  let endpoint: SupabaseEndpoint
  /// How.
  let transport: any HTTPTransport
  /// For the pauses.
  let clock: StoreClock
  /// For wishes that are dates.
  let wallClock: WallClock
  /// How long a request may take.
  let timeouts: HTTPTimeouts
  /// Called when tables turn out to be at the root.
  private let onBare: @Sendable () -> Void
  /// What the project was found to want.
  private let manners = Guarded(ProjectManners())

  /// A client that has asked nothing yet.
  init(
    endpoint: SupabaseEndpoint, transport: any HTTPTransport, clock: StoreClock, wallClock: WallClock,
    timeouts: HTTPTimeouts = PostgRESTClient.timeouts, onBare: @escaping @Sendable () -> Void = {}
  ) {
    self.endpoint = endpoint
    self.transport = transport
    self.clock = clock
    self.wallClock = wallClock
    self.timeouts = timeouts
    self.onBare = onBare
  }

  /// True where tables turned out to be at the root.
  var isBare: Bool { manners.withLock { $0.isBare } }

  /// The schema of a table, where it is known.
  func schema(of table: String) -> String? { manners.withLock { $0.schema(of: table) } }

  /// True where tables were found below `/rest/v1`.
  private var isBelowKnown: Bool { manners.withLock { $0.isBelowKnown } }

  /// What is said instead of asking while the project wants to be left alone; nil where it may be asked.
  var refusal: StoreProblem? {
    let now = clock.now()
    return manners.withLock { $0.refusal(now: now) }
  }

  /// Somebody has put something right: what was found is found anew.
  func forget() { manners.withLock { $0.forget() } }

  /// Reads without a second try.
  func getOnce(_ table: String, _ query: PostgRESTQuery) async throws(StoreProblem) -> HTTPResponse {
    try await send(.get, table, query)
  }

  /// Reads, unless the project wants to be left alone. What a dead connection spoils is read again: nothing changes by
  /// reading twice.
  func get(_ table: String, _ query: PostgRESTQuery) async throws(StoreProblem) -> HTTPResponse {
    if let refusal { throw refusal }
    for pause in Self.readPauses {
      var wish = Duration.zero
      do throws(StoreProblem) {
        return try await send(.get, table, query)
      } catch {
        wish = error.retryAfter ?? .zero
        guard error.isWorthAnotherTry, wish <= Self.longestReadPause else { throw error }
      }
      try await wait(max(pause, wish))
    }
    return try await send(.get, table, query)
  }

  /// Writes rows. Tried once: whether it was done is for the caller to find out.
  ///
  /// - Parameters:
  ///   - rows: a JSON array whose objects all have these columns.
  ///   - ignoringDuplicates: whether rows whose ids are there already are passed over instead of refused. No other
  ///     key counts: it would let another row go without a word.
  func post(
    _ table: String, columns: [String], rows: String, ignoringDuplicates: Bool = true
  ) async throws(StoreProblem) {
    var query = PostgRESTQuery().with("columns", columns.joined(separator: ","))
    if ignoringDuplicates { query = query.with("on_conflict", "id") }
    let response = try await send(
      .post, table, query,
      headers: [
        HTTPHeader("Content-Type", "application/json"),
        HTTPHeader("Prefer", ignoringDuplicates ? "return=minimal,resolution=ignore-duplicates" : "return=minimal"),
      ], body: Array(rows.utf8))
    // A page of a proxy or a captive portal is no word of PostgREST, whatever its status.
    guard response.body.isEmpty || response.body.first == UInt8(ascii: "[") else { throw problem(response, table) }
  }

  /// Sends a request to where tables are. Where PostgREST itself knows no such path, its root is tried, once for each
  /// request until it is known; no other answer leads there, for the key would go where nobody asked for it. Where it is
  /// not certain that PostgREST said so, nothing is written there before a read has found it: another application's
  /// `201` would be the end of an event.
  private func send(
    _ method: HTTPMethod, _ table: String, _ query: PostgRESTQuery, headers: [HTTPHeader] = [], body: [UInt8]? = nil
  ) async throws(StoreProblem) -> HTTPResponse {
    func exchange(bare: Bool, public isPublic: Bool) async throws(StoreProblem) -> HTTPResponse {
      let profile =
        isPublic ? [HTTPHeader(method == .get ? "Accept-Profile" : "Content-Profile", "public")] : []
      return try await self.exchange(
        HTTPRequest(
          method, "\(bare ? endpoint.description : endpoint.root)/\(table)\(query.text)",
          headers: endpoint.headers + profile + headers, body: body, timeouts: timeouts,
          maximumBody: Self.maximumBody), table, bare: bare)
    }
    // Other clients name the schema `public`; where the API shows another one first, so do we.
    func send(bare: Bool) async throws(StoreProblem) -> HTTPResponse {
      let namesPublic = manners.withLock { $0.namesPublic(for: table) }
      do throws(StoreProblem) {
        return try await exchange(bare: bare, public: namesPublic)
      } catch {
        // It is not shown any more, and what was known of it is forgotten by now.
        if namesPublic, error.code == "PGRST106" { return try await exchange(bare: bare, public: false) }
        // Version 12 and older say `{}` of a row for a table that is not there, and name no schema.
        let isElsewhere =
          error.otherSchema != nil || (error.isPerhapsUnknownPath && manners.withLock { $0.showsAnother })
        guard !namesPublic, isElsewhere else { throw error }
        do throws(StoreProblem) {
          let response = try await exchange(bare: bare, public: true)
          manners.withLock { $0.onPublic(table) }
          return response
        } catch var other {
          // It is not shown, or the table is in neither.
          guard other.code != "PGRST106", other.kind != .missingTable else { throw error }
          if other.isAboutContents { manners.withLock { $0.onPublic(table) } }
          other.schema = "public"
          throw other
        }
      }
    }
    let isBare = isBare
    do throws(StoreProblem) {
      return try await send(bare: isBare)
    } catch {
      guard !isBare, error.isUnknownPath || (error.isPerhapsUnknownPath && !isBelowKnown) else { throw error }
      if method != .get, !error.isUnknownPath {
        do throws(StoreProblem) {
          _ = try await self.send(.get, table, PostgRESTQuery().with("select", "*").with("limit", "1"))
        } catch let other {
          if other.kind == .cancelled { throw other }
        }
        guard self.isBare else { throw error }
      }
      let trial: Result<HTTPResponse, StoreProblem>
      do throws(StoreProblem) {
        trial = .success(try await send(bare: true))
      } catch let other {
        trial = .failure(other)
      }
      if case .failure(let other) = trial, other.kind == .cancelled { throw other }
      guard self.isBare else { throw error }
      return try trial.get()
    }
  }

  /// One request and its answer.
  private func exchange(_ request: HTTPRequest, _ table: String, bare: Bool) async throws(StoreProblem) -> HTTPResponse
  {
    var outcome: Result<HTTPResponse, StoreProblem>
    do throws(HTTPFailure) {
      let response = try await transport.collect(request)
      outcome = response.isSuccess ? .success(response) : .failure(problem(response, table))
    } catch {
      outcome = .failure(StoreProblem(error))
    }
    // Of several schemas an answer names its own.
    if case .success(let response) = outcome, let name = response.header("Content-Profile"), !name.isEmpty,
      !request.headers.contains(where: { $0.name.hasSuffix("-Profile") })
    {
      manners.withLock { $0.onFirstSchema(name) }
    }
    if case .failure(var problem) = outcome {
      problem.schema = manners.withLock { manners in
        if let asked = problem.schema { manners.onFirstSchema(asked) }
        return manners.schema(of: table)
      }
      outcome = .failure(problem)
    }
    let now = clock.now()
    let isNews = manners.withLock { manners in
      let wasBare = manners.isBare
      switch outcome {
      // A page of a portal is no word of where tables are.
      case .success(let response)
      where (response.status == 201 && request.method != .get) || response.body.first == UInt8(ascii: "["):
        manners.onAnswer(wasBare: bare)
      case .success: break
      case .failure(let problem): manners.onProblem(problem, wasBare: bare, now: now)
      }
      return manners.isBare && !wasBare
    }
    if isNews { onBare() }
    return try outcome.get()
  }

  /// An answer that is none, as a problem.
  func problem(_ response: HTTPResponse, _ table: String) -> StoreProblem {
    StoreProblem(
      response, place: "\(table) at \(endpoint)", table: table, now: Timestamp(microseconds: wallClock.microseconds()),
      redact: endpoint.redacted)
  }

  /// Waits.
  func wait(_ pause: Duration) async throws(StoreProblem) {
    do {
      try await clock.sleep(pause)
    } catch {
      throw StoreProblem(.cancelled, "\(endpoint): stopped while waiting")
    }
  }
}
