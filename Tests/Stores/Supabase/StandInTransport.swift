import Journal
import Platform
import PostgRESTStandIn
import Rules

@testable import Stores

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The stand-in without sockets: a silence is a timeout at once, and no test waits for one.
final class StandInTransport: HTTPTransport {
  private let state: Guarded<StandInPlay>

  init(_ project: StandInProject = StandInProject()) { state = Guarded(StandInPlay(project)) }

  func with<Value>(_ body: (inout StandInPlay) -> Value) -> Value { state.withLock { body(&$0) } }

  /// Every request so far, as `GET learning_stats`.
  var names: [String] { with { $0.calls.map(\.name) } }
  /// How often something was asked.
  func count(_ name: String) -> Int { names.count { $0 == name } }
  /// The rows of a table.
  func rows(_ table: String) -> [[String: Cell]] { with { $0.project.tables[table]?.rows ?? [] } }

  func send(
    _ request: HTTPRequest, onBody: @escaping @Sendable (ArraySlice<UInt8>) -> Void
  ) async throws(HTTPFailure) -> HTTPResponse {
    if Task.isCancelled { throw HTTPFailure(.cancelled, "cancelled") }
    let tail = request.url.dropFirst("http://stand-in".count)
    var headers: [String: String] = [:]
    for header in request.headers { headers[header.name.lowercased()] = header.value }
    let asked = StandInProject.Request(
      method: request.method.rawValue, target: String(tail), headers: headers,
      body: String(decoding: request.body ?? [], as: UTF8.self))
    let (answer, fault) = with { $0.take(asked, connection: 0) }
    guard let answer else {
      switch fault {
      case .silence, .doneThenSilence:
        throw HTTPFailure(.firstByteTimeout, "\(request.url.prefix(30)): no answer in 20 s")
      case .flood:
        throw HTTPFailure(.tooLarge, "the answer is larger than the \(request.maximumBody) bytes that are allowed")
      case .truncated, .reset, .doneThenReset: throw HTTPFailure(.truncated, "the connection was closed")
      default: throw HTTPFailure(.unreachable, "nobody listens")
      }
    }
    if !answer.body.isEmpty { onBody(Array(answer.body.utf8)[...]) }
    return HTTPResponse(status: answer.code, headers: answer.headers.map { HTTPHeader($0.name, $0.value) })
  }
}

/// A store over a stand-in, with a journal of its own, a clock whose pauses take no time, and everything that it tells.
final class SupabaseBench: Sendable {
  let directory: String
  let transport: StandInTransport
  let journal: Journal
  let session: SupabaseSession
  let told = Guarded<[String]>([])
  let pauses = Guarded<[Duration]>([])
  private let moment = Guarded<Duration>(.zero)
  private let wall = Guarded<Int64>(SupabaseBench.origin)

  /// 2026-03-01T00:00:00Z.
  static let origin: Int64 = 1_772_323_200_000_000

  init(_ project: StandInProject = StandInProject(), key: String = StandInProject.secretKey) async throws {
    directory = FileManager.default.temporaryDirectory.path + "/retraind-supabase-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    journal = try await Journal.open(path: directory + "/retraind.db")
    transport = StandInTransport(project)
    session = SupabaseSession(
      SupabaseEndpoint(url: "http://stand-in", key: key), transport: transport,
      clock: StoreClock(
        now: { [moment] in moment.withLock { $0 } },
        sleep: { [moment, pauses] pause in
          try Task.checkCancellation()
          moment.withLock { $0 += pause }
          pauses.withLock { $0.append(pause) }
        }),
      wallClock: WallClock { [wall] in wall.withLock { $0 } },
      tell: { [told] level, text in told.withLock { $0.append("\(level): \(text)") } })
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  var store: SupabaseStore { SupabaseStore(session, journal: journal) }

  /// Lets time pass, on both clocks.
  func pass(_ duration: Duration) {
    moment.withLock { $0 += duration }
    wall.withLock { $0 += duration.components.seconds * 1_000_000 }
  }

  /// Adds cycles, one an hour, the newest of them an hour before the origin.
  func addCycles(_ count: Int, from first: Int = 0, more: [String: Cell] = [:]) {
    transport.with { play in
      for index in first..<(first + count) {
        let end = Timestamp(microseconds: Self.origin - Int64(count - index) * 3_600_000_000)
        var row: [String: Cell] = [
          "id": .text(Self.id(index)), "timestamp": .text(end.rfc3339.dropLast() + "+00:00"),
          "accepted": .number("6"), "rejected": .number("4"), "total_events": .number("10"),
          "accept_rate": .number("0.6"),
        ]
        row.merge(more) { $1 }
        play.project.tables["learning_stats"]?.rows.append(row)
      }
    }
  }

  static func id(_ number: Int) -> String {
    let digits = String(number)
    return "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
  }

  /// Rows of all models together, newest first.
  func rows(limit: Int = 100_000) async throws -> [CycleRow] {
    try await store.newestRows(of: nil, limit: limit).flatMap(\.rows)
  }

  /// An event.
  static func event(_ number: Int = 1) -> RetrainEvent {
    RetrainEvent(
      eventID: id(number), runID: "run-\(number)", model: "a:7b", notes: "declined", averageAcceptRate: 0.4,
      threshold: 0.6, statsWindowSize: 5, triggeredAt: Timestamp(microseconds: origin), modelVersion: "v1")
  }
}
