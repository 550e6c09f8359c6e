import Platform
import Rules
import TestSupport
import Testing

@testable import Actors

/// Signatures, answers and requests of webhooks.
@Suite("Webhooks", .timeLimit(.minutes(5)))
struct WebhookTests {
  static let key = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
  static let id = "msg_p5jXN8AQM9LWM0D4loKWxJek"
  static let now = Timestamp(microseconds: 1_614_265_330_000_000)

  @Test(
    "the vectors of Standard Webhooks, with and without the secret's prefix",
    arguments: [
      (#"{"test": 2432232314}"#, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
      (#"{"test":2432232314}"#, "v1,Vif40peJBP7Iyl0XGmu61n4MwdrcHov5CFREBpE0svs="),
      ("{\"test\": 2432232314}\n", "v1,FIt3hYjPQCdyuyMOw+0dZwwjGRAx1Il4CsgdFnOmrcc="),
      ("", "v1,v48jdbgvh29KJz2Qc+ghw8G6vG3nAKnujWBg8oM/62A="),
    ])
  func vectors(body: String, signature: String) throws {
    for text in [Self.key, "whsec_" + Self.key] {
      let secret = try #require(WebhookSecret(text))
      #expect(try secret.sign(id: Self.id, timestamp: 1_614_265_330, body: Array(body.utf8)) == signature)
    }
  }

  @Test(
    "what is no secret",
    arguments: ["", "whsec_", "whsec_abc", "whsec_" + String(repeating: "A", count: 88), "whsec_not base64 at all!"])
  func noSecret(text: String) { #expect(WebhookSecret(text) == nil) }

  private func read(_ status: Int, _ headers: HTTPHeader...) -> DeliveryAttempt {
    WebhookAnswer.read(HTTPResponse(status: status, headers: headers), from: "http://h", now: Self.now)
  }

  @Test("each status means what the receiver meant")
  func statuses() {
    for status in [200, 201, 204, 299] { #expect(read(status) == .delivered("http://h answers \(status)")) }
    for status in [400, 401, 403, 404, 405, 413, 422] {
      guard case .refused = read(status) else {
        Issue.record("\(status) is not final")
        return
      }
    }
    for status in [408, 425, 429, 500, 502, 503, 504, 100, 600] {
      guard case .failed(_, nil) = read(status) else {
        Issue.record("\(status) is not tried again")
        return
      }
    }
    guard case .gone = read(410) else {
      Issue.record("410 does not close the sink")
      return
    }
  }

  @Test("redirects are told and not followed; one for ever is final, one for now is not")
  func redirects() {
    let header = HTTPHeader("Location", "https://elsewhere.example/secret-path?token=1")
    for status in [301, 308] {
      guard case .refused(let why) = read(status, header) else {
        Issue.record("\(status) is not final")
        return
      }
      #expect(why.contains("https://elsewhere.example, and redirects are not followed"))
      #expect(!why.contains("secret-path"))
    }
    for status in [302, 303, 307] {
      guard case .failed(let why, nil) = read(status, header) else {
        Issue.record("\(status) is final")
        return
      }
      #expect(why.contains("redirects are not followed"))
    }
  }

  @Test(
    "Retry-After in seconds or as a date, zero too, cut to a day",
    arguments: [
      ("0", Duration.zero), ("7", .seconds(7)), (" 7 ", .seconds(7)), ("99999999", .seconds(86_400)),
      ("99999999999999999999999", .seconds(86_400)), ("Thu, 25 Feb 2021 15:02:20 GMT", .seconds(10)),
      ("Thu, 25 Feb 2021 15:02:00 GMT", .zero), ("-5", nil), ("soon", nil), ("1.5", nil), ("", nil),
      ("Thu, 25 Foo 2021 15:02:00 GMT", nil),
    ] as [(String, Duration?)])
  func retryAfter(text: String, wish: Duration?) {
    #expect(
      read(503, HTTPHeader("retry-after", text))
        == .failed("http://h answers 503: a fault of the receiver; its own log tells why", after: wish))
  }

  @Test("a request is signed, has the three headers, and follows nothing")
  func request() async throws {
    let transport = RecordingTransport()
    let settings = WebhookSettings(
      url: "http://h/hook", secretFile: "s", secret: Secret("whsec_" + Self.key))
    let notifier = try #require(
      WebhookNotifier(
        settings, timeout: .seconds(4), transport: transport, wallClock: WallClock { Self.now.microseconds }))
    let message = NoticeMessage(
      id: Self.id, kind: "degraded", type: "model.degraded", model: "m\"7", text: "t\n", details: #"{"a":1}"#,
      at: Self.now)
    #expect(await notifier.deliver(message) == .delivered("http://h answers 204"))
    let request = try #require(transport.requests.all.first)
    #expect(request.method == .post)
    #expect(request.maximumRedirects == 0)
    #expect(request.timeouts.total == .seconds(4))
    let body = String(decoding: request.body ?? [], as: UTF8.self)
    #expect(
      body == #"{"type":"model.degraded","timestamp":"2021-02-25T15:02:10Z","data":{"event_id":"# + "\"\(Self.id)\","
        + #""model":"m\"7","text":"t\n","details":{"a":1}}}"#)
    let headers = Dictionary(request.headers.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    #expect(headers["webhook-id"] == Self.id)
    #expect(headers["webhook-timestamp"] == "1614265330")
    let secret = try #require(WebhookSecret(Self.key))
    #expect(
      headers["webhook-signature"]
        == (try secret.sign(id: Self.id, timestamp: 1_614_265_330, body: Array(body.utf8))))
  }

  @Test("no failure shows the path of the URL, which may be a secret")
  func failures() {
    let kinds: [HTTPFailure.Kind] = [
      .invalidURL, .unreachable, .connectTimeout, .firstByteTimeout, .stalled, .totalTimeout, .truncated, .tooLarge,
      .proxy, .tls,
      .exhausted, .other,
    ]
    for kind in kinds {
      let failure = HTTPFailure(kind, "http://h/secret-path: failed")
      let attempt = WebhookAnswer.read(failure, from: "http://h", timeout: .seconds(15))
      switch attempt {
      case .failed(let why, nil): #expect(!why.contains("secret-path") && !why.isEmpty)
      case .refused(let why): #expect(kind == .invalidURL && !why.contains("secret-path"))
      case .delivered, .gone, .failed: Issue.record("\(kind) is \(attempt)")
      }
    }
  }

  @Test("a proxy and a certificate are told with what to do", arguments: [HTTPFailure.Kind.proxy, .tls])
  func reasons(kind: HTTPFailure.Kind) {
    let failure = HTTPFailure(kind, "http://h/secret-path: do this", reason: "do this")
    let attempt = WebhookAnswer.read(failure, from: "http://h", timeout: .seconds(15))
    #expect(attempt == .failed("http://h: do this"))
  }
}

/// Answers every request with 204 and keeps it.
final class RecordingTransport: HTTPTransport {
  let requests = EventRecorder<HTTPRequest>()

  func send(
    _ request: HTTPRequest, onBody: @escaping @Sendable (ArraySlice<UInt8>) -> Void
  ) async throws(HTTPFailure) -> HTTPResponse {
    requests.record(request)
    return HTTPResponse(status: 204)
  }
}
