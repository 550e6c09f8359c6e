/// What people can be told of.
public enum NoticeKind: String, Sendable, Hashable, CaseIterable {
  /// A model has declined.
  case degraded
  /// A model that had declined is good again.
  case recovered
  /// A model stays bad, and its newest version is in place already.
  case exhausted
  /// A run has refreshed a model.
  case succeeded
  /// An attempt of a run failed.
  case failed
  /// The version before serves again.
  case rolledBack
  /// No automatic work is done on a model any more.
  case circuitOpened
  /// An event waits for a person: its store refuses it.
  case blocked
  /// No event waits for a person any more.
  case unblocked
  /// The store of the cycles has not answered for long.
  case storeAway
  /// It answers again.
  case storeBack
  /// Somebody tries whether messages arrive; never chosen, always sent.
  case test

  /// Those that a sink may choose among.
  public static let choices = allCases.filter { $0 != .test }

  /// The `type` of a webhook's body: dotted, as Standard Webhooks want it.
  public var type: String {
    switch self {
    case .degraded, .recovered, .exhausted: "model.\(rawValue)"
    case .circuitOpened: "model.circuit_opened"
    case .succeeded, .failed: "run.\(rawValue)"
    case .rolledBack: "run.rolled_back"
    case .blocked, .unblocked: "event.\(rawValue)"
    case .storeAway: "store.away"
    case .storeBack: "store.back"
    case .test: "test"
    }
  }
}

/// One place where people are told.
public struct SinkSettings: Sendable, Hashable {
  /// What carries a message there.
  public enum Way: Sendable, Hashable {
    /// A request that is signed as Standard Webhooks say.
    case webhook(WebhookSettings)
    /// A program, never through a shell.
    case command(CommandSettings)
  }

  /// Time that one try has where nobody says otherwise.
  public static let defaultTimeout = Duration.seconds(15)

  /// Its name, which is also that of its queue in the journal: unique.
  public var name: String
  /// What carries a message there.
  public var way: Way
  /// What it is told of, in the order of `NoticeKind`.
  public var events: [NoticeKind]
  /// Time that one try has.
  public var timeout: Duration

  /// Makes a sink.
  public init(
    name: String, way: Way, events: [NoticeKind] = NoticeKind.choices,
    timeout: Duration = SinkSettings.defaultTimeout
  ) {
    self.name = name
    self.way = way
    self.events = events
    self.timeout = timeout
  }

  /// Whether it is told of something.
  public func wants(_ kind: NoticeKind) -> Bool { kind == .test || events.contains(kind) }

  /// `webhook` or `command`.
  public var type: String {
    switch way {
    case .webhook: "webhook"
    case .command: "command"
    }
  }

  /// Why nothing can be sent there, and what to do; nil where it can.
  public var problem: String? {
    if case .webhook(let webhook) = way { webhook.problem } else { nil }
  }
}

/// A receiver of requests.
public struct WebhookSettings: Sendable, Hashable {
  /// Where it listens. Its path may be known to few: only the host is shown.
  public var url: String
  /// The file that holds the secret, as written.
  public var secretFile: String
  /// The secret; nil where there is none that can be used.
  public var secret: Secret?
  /// Why there is none, and what to do.
  public var problem: String?

  /// Makes a receiver.
  public init(url: String, secretFile: String, secret: Secret? = nil, problem: String? = nil) {
    self.url = url
    self.secretFile = secretFile
    self.secret = secret
    self.problem = problem
  }
}

/// A program that tells people.
public struct CommandSettings: Sendable, Hashable {
  /// A name that is looked up in `PATH`, or a path.
  public var program: String
  /// Its arguments.
  public var arguments: [String]

  /// Makes a program.
  public init(program: String, arguments: [String] = []) {
    self.program = program
    self.arguments = arguments
  }
}

extension SinkSettings {
  /// Its fields, for printing and for comparing; known by the sink's name, so that their order says nothing.
  var fields: [SettingField] {
    let path = ["notify", name]
    var fields = [SettingField(path: path + ["type"], value: .text(type))]
    switch way {
    case .webhook(let webhook):
      fields += [
        SettingField(path: path + ["url"], value: .address(webhook.url)),
        SettingField(path: path + ["secretFile"], value: .text(webhook.secretFile)),
        SettingField(path: path + ["secret"], value: webhook.secret.map { .secret($0) } ?? .none),
      ]
    case .command(let command):
      fields += [
        SettingField(path: path + ["program"], value: .text(command.program)),
        SettingField(path: path + ["arguments"], value: .list(command.arguments)),
      ]
    }
    return fields + [
      SettingField(path: path + ["events"], value: .list(events.map(\.rawValue))),
      SettingField(path: path + ["timeout"], value: .text(DurationText.print(timeout))),
    ]
  }
}
