import Platform
import PostgRESTStandIn
import Rules
import Testing

@testable import Stores

/// What each answer of the real servers means, by the facts that were measured of them.
@Suite("Answers of PostgREST and its gateway", .timeLimit(.minutes(5)))
struct StoreProblemTests {
  private static func problem(_ answer: StandInAnswer) -> StoreProblem {
    StoreProblem(
      HTTPResponse(
        status: answer.code, headers: answer.headers.map { HTTPHeader($0.name, $0.value) },
        body: Array(answer.body.utf8)),
      place: "t at https://x", now: Timestamp(microseconds: 0))
  }

  @Test(
    "recorded answers",
    arguments: [
      ("missing table GET", .missingTable), ("missing table POST", .missingTable),
      ("dropped, cache stale: POST", .missingTable), ("created, cache stale: POST", .missingTable),
      ("missing column select", .missingColumn("nope")), ("missing column order", .missingColumn("nope")),
      ("missing column filter", .missingColumn("nope")), ("missing column insert", .missingColumn("nope")),
      ("dropped column, cache stale: POST", .missingColumn("extra")),
      ("new column, cache stale: POST", .missingColumn("extra2")),
      ("no GRANT to service_role (new Supabase default since 2026-05-30/10-30)", .denied),
      ("anon insert RLS", .deniedToAnonymous), ("anon no grant table", .deniedToAnonymous),
      ("garbage jwt", .badKey), ("bad signature", .badKey), ("sb_secret as bearer", .badKey), ("expired", .badKey),
      ("role missing in db", .badKey), ("empty bearer", .badKey), ("apikey: nope", .badKey), ("", .badKey),
      ("unique violation", .duplicate), ("not null violation", .refused), ("check violation", .refused),
      ("wrong type", .refused), ("int column given 1.5", .refused), ("NUL char in text", .refused),
      ("bulk different keys, no columns=", .refused), ("on_conflict without unique index", .refused),
      ("service_role 8s default from authenticator", .unavailable),
      ("pg_terminate_backend while running", .unavailable),
      ("missing table while down", .unavailable), ("RPC raising PGRST 429 + Retry-After", .unavailable),
      ("bad schema", .refused), ("missing rpc", .wrongAddress),
    ] as [(String, StoreProblem.Kind)])
  func recorded(title: String, kind: StoreProblem.Kind) {
    #expect(Self.problem(PostgRESTRecordings.shared[title]).kind == kind)
  }

  @Test(
    "a full stop of the server's does not stand in the midst of what is said", arguments: ["Retrying.", "Retrying"])
  func fullStop(words: String) {
    let problem = Self.problem(StandInAnswer("503 Service Unavailable", body: #"{"message":"\#(words)"}"#))
    #expect(problem.description.contains("HTTP 503: Retrying") && !problem.description.contains("Retrying."))
  }

  @Test(
    "answers of gateways, with bodies of any kind",
    arguments: [
      ("404 Not Found", "{}", .missingTable), ("404 Not Found", " {}\n", .missingTable),
      ("404 Not Found", "", .wrongAddress), ("404 Not Found", "<html>", .wrongAddress),
      ("404 Not Found", #"{"message":"no Route matched"}"#, .wrongAddress),
      ("301 Moved Permanently", "", .wrongAddress), ("308 Permanent Redirect", "", .wrongAddress),
      ("402 Payment Required", "", .unavailable), ("403 Forbidden", "<html>", .unavailable),
      ("429 Too Many Requests", "", .unavailable), ("500 Internal Server Error", "", .unavailable),
      ("502 Bad Gateway", "<html>", .unavailable), ("504 Gateway Timeout", "", .unavailable),
      ("520 x", "<html>", .unavailable), ("522 x", "<html>", .unavailable), ("523 x", "", .unavailable),
      ("525 x", "", .unavailable), ("540 x", "", .unavailable), ("544 x", "", .unavailable),
      ("401 Unauthorized", "", .badKey), ("413 Payload Too Large", "", .tooMuch), ("400 Bad Request", "", .unavailable),
      ("200 OK", "<html>", .notUnderstood),
    ] as [(String, String, StoreProblem.Kind)])
  func gateways(status: String, body: String, kind: StoreProblem.Kind) {
    let problem = Self.problem(StandInAnswer(status, body: body))
    #expect(problem.kind == kind)
    #expect(!problem.description.contains("<html>"))
    #expect(problem.description.hasPrefix("t at https://x: HTTP \(status.prefix(3))"))
  }

  @Test("the code counts where only the header has it")
  func proxyStatus() {
    let answer = StandInAnswer("404 Not Found", headers: [("Proxy-Status", "PostgREST; error=PGRST205")])
    #expect(Self.problem(answer).kind == .missingTable)
  }

  @Test("only what is transient is: nothing else is tried again without a person")
  func transient() {
    let yes: [StoreProblem.Kind] = [
      .badKey, .wrongAddress, .unavailable, .unreachable, .unanswered, .notUnderstood, .cancelled,
    ]
    let no: [StoreProblem.Kind] = [
      .missingTable, .missingColumn(nil), .denied, .deniedToAnonymous, .duplicate, .refused, .tooMuch,
    ]
    for kind in yes { #expect(StoreProblem(kind, "").isTransient) }
    for kind in no { #expect(!StoreProblem(kind, "").isTransient) }
  }

  @Test(
    "what never reached the project was not written; what broke off may have been",
    arguments: [
      (.proxy, .unreachable), (.tls, .unreachable), (.connectTimeout, .unreachable), (.truncated, .unanswered),
      (.firstByteTimeout, .unanswered),
    ] as [(HTTPFailure.Kind, StoreProblem.Kind)])
  func noAnswer(failure: HTTPFailure.Kind, kind: StoreProblem.Kind) {
    #expect(StoreProblem(HTTPFailure(failure, "x")).kind == kind)
  }

  @Test("Retry-After 0 asks for nothing, and a long one is cut")
  func retryAfter() {
    func after(_ value: String) -> Duration? {
      Self.problem(StandInAnswer("503 x", headers: [("Retry-After", value)])).retryAfter
    }
    #expect(after("0") == nil)
    #expect(after("-3") == nil)
    #expect(after("soon") == nil)
    #expect(after("7") == .seconds(7))
    #expect(after("1000000000") == StoreProblem.longestRetryAfter)
    #expect(after("Thu, 01 Jan 1970 00:02:00 GMT") == .seconds(120))
    #expect(after("Fri, 02 Jan 1970 00:00:00 GMT") == StoreProblem.longestRetryAfter)
    #expect(after("Wed, 31 Dec 1969 23:59:59 GMT") == nil)
    for garbage in ["nan", "1e9", "1.5", "", "Thu, 99 Jan 1970 00:02:00 GMT"] { #expect(after(garbage) == nil) }
  }

  @Test("a row's contents and the key are in no message")
  func secrets() {
    let problem = Self.problem(PostgRESTRecordings.shared["not null violation"])
    #expect(!problem.description.contains("e67d95c0"))
    #expect(problem.description.contains("null value in column \"event_type\""))
    let endpoint = SupabaseEndpoint(url: "https://x", key: StandInProject.secretKey)
    let response = HTTPResponse(
      status: 401, body: Array(#"{"message":"Invalid API key \#(StandInProject.secretKey)!"}"#.utf8))
    let text = StoreProblem(
      response, place: "t", now: Timestamp(microseconds: 0), redact: endpoint.redacted
    ).description
    #expect(!text.contains(StandInProject.secretKey))
    #expect(text.contains("***!"))
    var dumped = "\(endpoint) \(String(reflecting: endpoint))"
    dump(endpoint, to: &dumped)
    #expect(!dumped.contains("stand-in-0123456789"))
  }

  @Test("what would confuse a terminal or a log is taken out")
  func printable() {
    let body = "{\"message\":\"a\\u001b[31m\\u0007\\u202eb" + String(repeating: "x", count: 5000) + "\"}"
    let text = Self.problem(StandInAnswer("500 x", body: body)).description
    #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x2028...0x206F).contains($0.value) })
    #expect(text.utf8.count < 400)
  }
}

@Suite("Keys and addresses", .timeLimit(.minutes(5)))
struct SupabaseEndpointTests {
  @Test("each kind of key goes where it is taken, and says its role")
  func kinds() {
    let secret = SupabaseEndpoint(url: "https://x", key: "sb_secret_abc")
    #expect(secret.kind == .secret)
    #expect(secret.role == "service_role")
    #expect(secret.headers.map(\.name) == ["apikey", "Accept", "User-Agent"])
    #expect(secret.headers.last?.value == "retraind")
    let legacy = SupabaseEndpoint(url: "https://x", key: StandInProject.legacyKey)
    #expect(legacy.kind == .legacy(role: "service_role"))
    #expect(legacy.headers.contains(HTTPHeader("Authorization", "Bearer \(StandInProject.legacyKey)")))
    let anonymous = SupabaseEndpoint(url: "https://x", key: "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.x")
    #expect(anonymous.role == "anon")
    #expect(SupabaseEndpoint(url: "https://x", key: "sb_publishable_a").role == "anon")
    // A role that is no name goes into no SQL.
    let odd = SupabaseEndpoint(url: "https://x", key: "eyJh.eyJyb2xlIjoiYTsgRFJPUCJ9.x")
    #expect(odd.role == "service_role")
  }

  @Test(
    "the address with or without what belongs to it",
    arguments: ["https://x.co", "https://x.co/", "https://x.co//", "https://x.co/rest/v1", "https://x.co/rest/v1/"])
  func roots(url: String) {
    let endpoint = SupabaseEndpoint(url: url, key: "k")
    #expect(endpoint.root == "https://x.co/rest/v1")
    #expect("\(endpoint)" == "https://x.co")
  }

  @Test("a plus, quotes and arrows are escaped")
  func queries() {
    let query = PostgRESTQuery().with("timestamp", "gt.2026-01-02T00:00:00+00:00").with(
      "metadata->>event_id", "eq.\"a\"")
    #expect(query.text == "?timestamp=gt.2026-01-02T00:00:00%2B00:00&metadata-%3E%3Eevent_id=eq.%22a%22")
    #expect(PostgRESTQuery.quoted(#"a"b\c"#) == #""a\"b\\c""#)
  }
}
