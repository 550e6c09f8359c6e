/// The model server.
public struct OllamaSettings: Sendable, Hashable {
  /// How the server is talked to.
  public enum Transport: String, Sendable, Hashable, CaseIterable {
    /// The API, or the CLI where the API does not answer.
    case auto
    /// The HTTP API only.
    case api
    /// The `ollama` program only.
    case cli
  }

  /// The endpoint that counts where none is configured.
  public static let defaultHost = "http://127.0.0.1:11434"

  /// The endpoint as it was written: `host`, `host:port`, `:port` or a URL; nil for `defaultHost`.
  public var host: String?
  /// How the server is talked to.
  public var transport: Transport
  /// A pull that takes longer is cancelled.
  public var pullTimeout: Duration
  /// Time between asking a pull's process to end and ending it.
  public var stopGrace: Duration
  /// A pull without progress for this long is given up.
  public var stallTimeout: Duration
  /// Whether the version that served before is kept under a second name, for `rollback`.
  public var backup: Bool
  /// Whether registries are asked without TLS.
  public var insecure: Bool
  /// The program of the CLI transport: a name that is looked up in `PATH`, or a path.
  public var program: String

  /// The defaults of the project.
  public init(
    host: String? = nil, transport: Transport = .auto, pullTimeout: Duration = .seconds(10 * 60),
    stopGrace: Duration = .seconds(10), stallTimeout: Duration = .seconds(90), backup: Bool = true,
    insecure: Bool = false, program: String = "ollama"
  ) {
    self.host = host
    self.transport = transport
    self.pullTimeout = pullTimeout
    self.stopGrace = stopGrace
    self.stallTimeout = stallTimeout
    self.backup = backup
    self.insecure = insecure
    self.program = program
  }
}

/// A Supabase project.
public struct SupabaseSettings: Sendable, Hashable {
  /// The project's URL, without a trailing slash.
  public var url: String
  /// The file that the key was read from, where it came from one.
  public var keyFile: String?
  /// The key; nil where none was found.
  public var key: Secret?

  /// Makes the settings of a project.
  public init(url: String, keyFile: String? = nil, key: Secret? = nil) {
    self.url = url
    self.keyFile = keyFile
    self.key = key
  }

  /// True where the project could be used: it has a key.
  public var isComplete: Bool { key != nil }
}

/// A value that must not appear in any output: whatever prints it prints `***`.
public struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// The value; private, so that reading it is a call that a reviewer can search for.
  private let value: String

  /// Wraps a value.
  public init(_ value: String) { self.value = value }

  /// The value itself, for the request that needs it and nothing else.
  public func reveal() -> String { value }

  /// Always `***`, whatever the length.
  public var description: String { "***" }

  /// Always `***`.
  public var debugDescription: String { "***" }

  /// Hides the value from `dump` and from a debugger's view too.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
