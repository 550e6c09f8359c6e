import Platform
import Supervision

/// Makes the notifier of a sink.
struct Notifiers: Sendable {
  /// Carries requests; nothing is loaded before the first one.
  let transport: any HTTPTransport
  /// Starts programs.
  let runner: any ProcessRunner
  /// What programs inherit.
  let environment: [String: String]
  /// The clock of their time.
  let clock: SupervisionClock
  /// Stamps requests.
  let wallClock: WallClock

  /// Those that act on the world.
  static func real(
    _ network: HTTPNetwork, environment: [String: String], clock: SupervisionClock, wallClock: WallClock
  ) -> Notifiers {
    Notifiers(
      transport: CurlTransport(network), runner: PosixProcessRunner(), environment: environment, clock: clock,
      wallClock: wallClock)
  }

  /// The notifier of one sink.
  func make(_ sink: SinkSettings) -> any Notifier {
    switch sink.way {
    case .webhook(let settings):
      WebhookNotifier(settings, timeout: sink.timeout, transport: transport, wallClock: wallClock)
        ?? UnusableNotifier(why: sink.problem ?? "\(settings.secretFile) holds no secret")
    case .command(let settings):
      CommandNotifier(
        settings, timeout: sink.timeout, environment: environment, runner: runner, clock: clock)
    }
  }
}

/// Stands for one that lacks something.
struct UnusableNotifier: Notifier {
  /// What, and what to do.
  let why: String

  /// Sends nothing.
  func deliver(_ message: NoticeMessage) async -> DeliveryAttempt { .failed(why) }
}
