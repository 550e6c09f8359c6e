internal import Rules

/// A server that keeps and serves models.
public protocol ModelServer: Sendable {
  /// What the server has under a name; nil where it has nothing under it.
  func digest(of model: String) async throws(ModelServerFailure) -> ModelDigest?
  /// Every model that the server has, by full name (`name:tag`).
  func models() async throws(ModelServerFailure) -> [ModelDigest]
  /// What a name holds, for comparison: weights, template, system prompt, parameters; nil where nothing is under it or it
  /// cannot be read. Equal content can have two digests: a manifest made here ends with a line end, one of a registry
  /// does not.
  func content(of model: String) async throws(ModelServerFailure) -> ModelContent?
  /// Downloads the newest version. Returns only after the server's final `success`; cancelling the task stops the
  /// download and returns when its connection is closed or its process group is gone.
  func pull(_ model: String, progress: @escaping @Sendable (PullProgress) -> Void) async throws(ModelServerFailure)
  /// Gives a model a second name; the same name again is replaced.
  func copy(_ model: String, to other: String) async throws(ModelServerFailure)
  /// Removes a name; a name that is not there is no error.
  func delete(_ model: String) async throws(ModelServerFailure)
  /// Ends the runner that serves this name's weights, so that its memory is free.
  func unload(_ model: String) async throws(ModelServerFailure)
  /// What it is, for status and log: `http://127.0.0.1:11434` or `ollama CLI (/usr/bin/ollama)`.
  var name: String { get }
}

/// What a model consists of, in the words of its Modelfile.
public struct ModelContent: Sendable, Hashable {
  /// The lines from the weights on: `FROM …/sha256-…`, `TEMPLATE …`, `PARAMETER …`. Those before are comments, which name
  /// the tag itself; what looks like one behind them may be a heading in a prompt.
  var lines: [String]

  /// Reads a Modelfile as the server writes it; nil where it names no weights. Early servers name the model that it was
  /// made from instead (`FROM llama2:latest`), behind which other weights may stand each time.
  public init?(modelfile: String) {
    lines = modelfile.split(whereSeparator: \.isNewline).map(Self.trimmed).filter { !$0.isEmpty }
    lines.removeFirst(lines.firstIndex { $0.hasPrefix("FROM ") } ?? lines.count)
    let sources = lines.filter { $0.hasPrefix("FROM ") }
    guard !sources.isEmpty, sources.allSatisfy({ $0.contains("sha256-") || $0.contains("sha256:") }) else { return nil }
    // The server keeps parameters in no order: it writes them in another one each time.
    let parameters = lines.filter { $0.hasPrefix("PARAMETER ") }.sorted()
    lines = lines.filter { !$0.hasPrefix("PARAMETER ") } + parameters
  }

  /// True where both are served by one runner: weights and adapters are the same, whatever the rest says.
  public func hasSameWeights(as other: ModelContent) -> Bool { weights == other.weights }

  /// The lines that name files.
  private var weights: [String] { lines.filter { $0.hasPrefix("FROM ") || $0.hasPrefix("ADAPTER ") } }

  /// A line without the blanks at its end.
  private static func trimmed(_ line: Substring) -> String {
    var line = line
    while line.last == " " || line.last == "\t" { line.removeLast() }
    return String(line)
  }
}

/// What a server has under a name.
public struct ModelDigest: Sendable, Hashable {
  /// `name:tag`.
  public var model: String
  /// Hexadecimal SHA-256 of the manifest (API), its first 12 digits (CLI), or empty where it cannot be read.
  public var digest: String

  /// Makes a digest.
  public init(model: String, digest: String) {
    self.model = model
    self.digest = digest
  }
}

extension [ModelDigest] {
  /// What stands under a name: as it is written, before other capitals, which older servers tell apart.
  func named(_ model: String) -> ModelDigest? {
    let wanted = ModelName.normalised(model)
    return first { ModelName.normalised($0.model) == wanted } ?? first { ModelName.isSame($0.model, model) }
  }
}

/// How far a pull is. Byte counts fall legitimately: the server rolls a stalled part back.
public struct PullProgress: Sendable, Hashable {
  /// The server's own word: `pulling manifest`, `pulling 5d8ff0f7e98b`, `verifying sha256 digest`.
  public var status: String
  /// The layer, where the line is about one.
  public var digest: String?
  /// Bytes of the layer that have arrived.
  public var completed: Int64
  /// Size of the layer in bytes; 0 where it is not known.
  public var total: Int64

  /// Makes a line of progress.
  public init(status: String, digest: String? = nil, completed: Int64 = 0, total: Int64 = 0) {
    self.status = status
    self.digest = digest
    self.completed = completed
    self.total = total
  }
}

/// Why a model server did not do what it was asked.
public struct ModelServerFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// What kind of failure it is, for decisions.
  public enum Kind: Sendable, Hashable {
    /// The task was cancelled and the work is confirmed to have stopped.
    case cancelled
    /// Nobody answers at the endpoint.
    case unreachable
    /// The model is not known to the registry or the name is refused: trying again does not help.
    case unknownModel
    /// No progress for the stall timeout.
    case stalled
    /// The server or its registry answered with an error.
    case server
    /// The answer could not be understood, or ended before `success`.
    case malformed
    /// The `ollama` program is missing or cannot be started.
    case missingProgram
    /// This process or its host has no descriptor, process, thread or memory left: the server was not even asked.
    case exhausted
  }
  /// What kind it is.
  public var kind: Kind
  /// For people: what happened, where, what to do.
  public var description: String
  /// The status of an answer that said nothing else.
  public var status: Int?

  /// Makes a failure.
  public init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }

  /// True where trying again cannot help until somebody changes something.
  public var isPermanent: Bool {
    switch kind {
    case .unknownModel: true
    case .cancelled, .unreachable, .stalled, .server, .malformed, .missingProgram, .exhausted: false
    }
  }
}
