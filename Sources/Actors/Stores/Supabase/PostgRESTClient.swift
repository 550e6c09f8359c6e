internal import Platform

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

  /// Where, and with which key.
  let endpoint: SupabaseEndpoint
  /// How.
  let transport: any HTTPTransport
  /// For the pauses.
  let clock: StoreClock
  /// How long a request may take.
  var timeouts = PostgRESTClient.timeouts

  /// Reads without a second try.
  func getOnce(_ table: String, _ query: PostgRESTQuery) async throws(StoreProblem) -> HTTPResponse {
    try await send(.get, table, query)
  }

  /// Reads. What a dead connection spoils is read again: nothing changes by reading twice.
  func get(_ table: String, _ query: PostgRESTQuery) async throws(StoreProblem) -> HTTPResponse {
    for pause in Self.readPauses {
      do throws(StoreProblem) {
        return try await send(.get, table, query)
      } catch {
        guard error.isWorthAnotherTry else { throw error }
      }
      try await wait(pause)
    }
    return try await send(.get, table, query)
  }

  /// Writes rows. Tried once: whether it was done is for the caller to find out.
  ///
  /// - Parameter rows: a JSON array whose objects all have these columns.
  func post(_ table: String, columns: [String], rows: String) async throws(StoreProblem) {
    let query = PostgRESTQuery().with("columns", columns.joined(separator: ","))
    let response = try await send(
      .post, table, query,
      headers: [
        HTTPHeader("Content-Type", "application/json"),
        HTTPHeader("Prefer", "return=minimal,resolution=ignore-duplicates"),
      ], body: Array(rows.utf8))
    // A page of a proxy or a captive portal is no word of PostgREST, whatever its status.
    guard response.body.isEmpty || response.body.first == UInt8(ascii: "[") else { throw problem(response, table) }
  }

  private func send(
    _ method: HTTPMethod, _ table: String, _ query: PostgRESTQuery, headers: [HTTPHeader] = [], body: [UInt8]? = nil
  ) async throws(StoreProblem) -> HTTPResponse {
    let request = HTTPRequest(
      method, "\(endpoint.root)/\(table)\(query.text)", headers: endpoint.headers + headers, body: body,
      timeouts: timeouts, maximumBody: Self.maximumBody)
    let response: HTTPResponse
    do throws(HTTPFailure) {
      response = try await transport.collect(request)
    } catch {
      throw StoreProblem(error)
    }
    guard response.isSuccess else { throw problem(response, table) }
    return response
  }

  /// An answer that is none, as a problem.
  func problem(_ response: HTTPResponse, _ table: String) -> StoreProblem {
    StoreProblem(response, place: "\(table) at \(endpoint)", redact: endpoint.redacted)
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
