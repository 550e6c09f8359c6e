public import Journal
public import Ollama
public import Platform
public import Stores
public import Supervision

/// The effects of a daemon: what a simulation swaps. `real` gives the ones that act on the world.
public struct Parts: Sendable {
  /// Chooses the way to the model server; asked once per run, since digests of two ways differ in length.
  public var server: @Sendable () async -> any ModelServer
  /// The model server in words.
  public var serverName: String
  /// Where cycles come from.
  public var stats: @Sendable (Journal) -> any StatsSource
  /// Where events go.
  public var sink: @Sendable (Journal) -> any EventSink
  /// Who tells people; made anew for each message, since a reload may change it.
  var notifier: @Sendable (SinkSettings) -> any Notifier
  /// The clock of durations; it counts suspend.
  public var clock: SupervisionClock
  /// The clock of stamps.
  public var wallClock: WallClock
  /// The log.
  public var log: Log
  /// Makes ids.
  public var identifiers: Identifiers
  /// Seeds jitter.
  public var seed: UInt64
  /// The file whose lock keeps two daemons from overlapping on one endpoint; nil for none.
  public var laneLock: String?
  /// Called when somebody has put something right: what is known of a store's tables is asked again.
  public var onReload: @Sendable () -> Void = {}
  /// Ends children that outlived a killed predecessor and returns their process groups; called when a run was found in
  /// the middle.
  public var endOrphans: @Sendable () async -> [Int32] = { [] }

  /// Makes parts; what is left out is the real thing, over the embedded store.
  public init(
    server: @escaping @Sendable () async -> any ModelServer, serverName: String,
    stats: @escaping @Sendable (Journal) -> any StatsSource = { EmbeddedStore($0) },
    sink: @escaping @Sendable (Journal) -> any EventSink = { EmbeddedStore($0) },
    clock: SupervisionClock = SupervisionClock(SuspendAwareClock()), wallClock: WallClock = .system, log: Log,
    identifiers: Identifiers = Identifiers(), seed: UInt64, laneLock: String?
  ) {
    self.server = server
    self.serverName = serverName
    self.stats = stats
    self.sink = sink
    self.clock = clock
    self.wallClock = wallClock
    self.log = log
    self.identifiers = identifiers
    self.seed = seed
    self.laneLock = laneLock
    let notifiers = Notifiers.real(HTTPNetwork(), environment: [:], clock: clock, wallClock: wallClock)
    notifier = { notifiers.make($0) }
  }

  /// The parts that act on the world.
  ///
  /// - Parameters:
  ///   - settings: endpoint and transport.
  ///   - log: where the daemon writes.
  ///   - environment: what the `ollama` program inherits, and where lock directories are looked up.
  ///   - owner: marks children, so that one which outlives a killed daemon is found and ended; the database's path.
  /// - Throws: `OllamaEndpointFailure` where the host cannot be understood.
  public static func real(
    _ settings: Settings, log: Log, environment: [String: String], owner: String? = nil
  ) throws -> Parts {
    var inherited = environment
    if let owner { inherited[OrphanSweep.variable] = owner }
    let host = settings.ollama.host ?? environment["OLLAMA_HOST"]
    let endpoint = try host.map { try OllamaEndpoint($0) } ?? .standard
    for warning in endpoint.warnings { log.warning(warning) }
    let timeouts = PullTimeouts(stall: settings.ollama.stallTimeout)
    let clock = SuspendAwareClock()
    let api = OllamaAPI(
      endpoint: endpoint, transport: CurlTransport(certificates: settings.networkInForce.certificates),
      timeouts: timeouts, clock: PullClock(clock), isInsecure: settings.ollama.insecure)
    let cli = OllamaCLI(
      program: settings.ollama.program, host: endpoint.url, environment: inherited,
      runner: PosixProcessRunner(), grace: settings.ollama.stopGrace,
      // The program's bar moves in hundredths of a layer: the same pull takes longer to show that it gets on.
      timeouts: PullTimeouts(stall: max(settings.ollama.stallTimeout, PullTimeouts.cli.stall)), clock: PullClock(clock),
      isInsecure: settings.ollama.insecure)
    let transport = settings.ollama.transport.way
    var random = SplitMix64.fromSystem()
    var parts = Parts(
      server: { await OllamaConnection.server(transport, api: api, cli: cli) },
      serverName: transport == .cli ? cli.name : api.name, log: log, seed: random.next(),
      laneLock: LaneLockDirectory.laneLockPath(endpoint: endpoint.normalised) { environment[$0] })
    parts.use(StoreParts.active(settings, clock: parts.clock, wallClock: parts.wallClock) { log.log($0, $1) })
    let notifiers = Notifiers.real(
      settings.networkInForce, environment: inherited, clock: parts.clock, wallClock: parts.wallClock)
    parts.notifier = { notifiers.make($0) }
    if let owner {
      parts.endOrphans = { (try? await onOwnThread(name: "orphans") { OrphanSweep.end(owner: owner) }) ?? [] }
    }
    return parts
  }
}

extension Parts {
  /// Takes the store that a configuration names.
  mutating func use(_ store: StoreParts) {
    stats = store.stats
    sink = store.sink
    onReload = store.onReload
  }
}

extension OllamaSettings.Transport {
  /// As the Ollama module names it.
  var way: OllamaTransport {
    switch self {
    case .auto: .auto
    case .api: .api
    case .cli: .cli
    }
  }
}
