import Platform
import Rules

/// Sends messages as Standard Webhooks: signed, with an id that stays the same, redirects not followed.
struct WebhookNotifier: Notifier {
  /// Bytes of an answer that are taken; nobody reads them.
  static let longestAnswer = 65_536
  /// Time that a connection may take; less where the whole has less.
  static let connectBound = Duration.seconds(10)

  /// Where it goes.
  private let url: String
  /// What signs it.
  private let secret: WebhookSecret
  /// Time that all of it has.
  private let timeout: Duration
  /// Carries it.
  private let transport: any HTTPTransport
  /// Stamps it.
  private let wallClock: WallClock

  /// Makes a notifier; nil where the settings hold no secret.
  init?(_ settings: WebhookSettings, timeout: Duration, transport: any HTTPTransport, wallClock: WallClock) {
    guard let secret = settings.secret.flatMap({ WebhookSecret($0.reveal()) }) else { return nil }
    url = settings.url
    self.secret = secret
    self.timeout = timeout
    self.transport = transport
    self.wallClock = wallClock
  }

  /// One request.
  func deliver(_ message: NoticeMessage) async -> DeliveryAttempt {
    let host = HTTPAddress(url)?.origin ?? "the receiver"
    let now = Timestamp(microseconds: wallClock.microseconds())
    let seconds = now.microseconds / 1_000_000
    let body = Array(message.payload.utf8)
    let signature: String
    do throws(CryptoFailure) {
      signature = try secret.sign(id: message.id, timestamp: seconds, body: body)
    } catch {
      return .failed(error.description)
    }
    let request = HTTPRequest(
      .post, url,
      headers: [
        HTTPHeader("Content-Type", "application/json"), HTTPHeader("User-Agent", "retraind/\(RetrainMonitor.version)"),
        HTTPHeader("webhook-id", message.id), HTTPHeader("webhook-timestamp", "\(seconds)"),
        HTTPHeader("webhook-signature", signature),
      ], body: body,
      timeouts: HTTPTimeouts(
        connect: min(Self.connectBound, timeout), firstByte: timeout, stall: timeout, total: timeout),
      maximumBody: Self.longestAnswer)
    do throws(HTTPFailure) {
      return WebhookAnswer.read(try await transport.send(request) { _ in }, from: host, now: now)
    } catch {
      return WebhookAnswer.read(error, from: host, timeout: timeout)
    }
  }
}
