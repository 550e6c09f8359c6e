public import Journal
public import Platform
public import Stores
public import Supervision

/// The store that a configuration names: Supabase where there is a URL and a key, else the embedded one.
public struct StoreParts: Sendable {
  /// Where cycles come from.
  public var stats: @Sendable (Journal) -> any StatsSource
  /// The same for who only looks and changes nothing, also where there is no journal yet; nil where then there are no
  /// cycles.
  public var looking: @Sendable (Journal?) -> (any StatsSource)?
  /// Where events go.
  public var sink: @Sendable (Journal) -> any EventSink
  /// Called when somebody has put something right.
  public var onReload: @Sendable () -> Void

  /// The active store. Nothing is connected before the first question.
  ///
  /// - Parameter tell: how news of the store is told to people.
  public static func active(
    _ settings: Settings, clock: SupervisionClock = SupervisionClock(SuspendAwareClock()),
    wallClock: WallClock = .system, tell: @escaping @Sendable (LogLevel, String) -> Void
  ) -> StoreParts {
    guard let supabase = settings.supabase, let key = supabase.key else {
      let url = settings.supabase?.url
      return StoreParts(
        stats: { EmbeddedStore($0) }, looking: { $0.map { EmbeddedStore($0) } },
        sink: { journal in
          if let url { KeylessSink(url: url, journal: journal) } else { EmbeddedStore(journal) }
        }, onReload: {})
    }
    let session = SupabaseSession(
      SupabaseEndpoint(url: supabase.url, key: key.reveal()), transport: CurlTransport(settings.networkInForce),
      clock: StoreClock(now: { clock.now() }, sleep: { try await clock.sleep(for: $0) }), wallClock: wallClock,
      tell: tell)
    return StoreParts(
      stats: { SupabaseStore(session, journal: $0) }, looking: { SupabaseStore(session, journal: $0) },
      sink: { SupabaseStore(session, journal: $0) },
      onReload: { session.forget() })
  }

  /// The cycles at hand, for a command that only looks: the mirror where they come from elsewhere.
  public static func atHand(_ settings: Settings, _ journal: Journal) -> any StatsSource {
    active(settings) { _, _ in }.stats(journal)
  }
}
