import Actors
import Journal
import Platform
import Stores

/// What the probes saw; findings are made of it without looking anywhere else. What is nil was not seen in time.
struct DoctorFacts: Sendable {
  /// The configuration.
  var configuration = ConfigurationFacts()
  /// Where the database lies.
  var state: PlaceFacts?
  /// Where the log lies.
  var log: PlaceFacts?
  /// The database's insides; nil also where there is none.
  var database: DatabaseFacts?
  /// What SQLite says of the whole file.
  var integrity: IntegrityFacts?
  /// The daemon.
  var daemon: DaemonFacts?
  /// The model server.
  var ollama: OllamaFacts?
  /// Versions that the model server has loaded and that are not the ones that it has.
  var stale: [StaleRunner] = []
  /// The tables of the project; nil also where none is configured.
  var project: ProjectFacts?
  /// What a check would say.
  var cycles: CycleFacts?
  /// Clock, limits, service manager.
  var system: SystemFacts?
  /// Where people are to be told.
  var notify = NotifyFacts()
}

/// Where people are to be told.
struct NotifyFacts: Sendable {
  /// The configuration that names the places.
  var settings = Settings()
  /// Why programs of sinks cannot be started, by the sinks' names.
  var programs: [String: String] = [:]
}

/// The configuration as it was found.
struct ConfigurationFacts: Sendable {
  /// The file; nil where there is none.
  var file: String?
  /// Where one would have been found, for people.
  var places: [String] = []
  /// Everything that is wrong.
  var errors: [String] = []
  /// What can be used but should be known.
  var warnings: [String] = []
  /// The model of rows that name none.
  var model: String?
  /// Other models that the configuration names.
  var models: [String] = []
}

/// A path and what is around it.
struct PlaceFacts: Sendable, Hashable {
  /// What lies at a path.
  enum Kind: Sendable, Hashable {
    /// Nothing.
    case absent
    /// A file.
    case file
    /// A directory.
    case directory
    /// Something else: a pipe, a device.
    case other
    /// It cannot be looked at; the system's words.
    case hidden(String)

    /// True where it cannot be looked at.
    var isHidden: Bool { if case .hidden = self { true } else { false } }
  }

  /// The file that it is about.
  var path: String
  /// What lies there.
  var kind: Kind
  /// Whether this user may write it.
  var isWritable: Bool
  /// Whether people other than its owner may read it.
  var isOpenToOthers: Bool
  /// Its size in bytes.
  var size: Int64
  /// The directory that it lies in, or the nearest one above that exists.
  var directory: String
  /// What that is.
  var directoryKind: Kind
  /// True where that is the directory itself.
  var hasDirectory: Bool
  /// Whether this user may make files in it.
  var isDirectoryWritable: Bool
  /// Whether everybody may.
  var isDirectoryOpenToAll: Bool
  /// Whose it is.
  var directoryOwner: UInt32
  /// Who asks.
  var user: UInt32
  /// True where its state is somebody else's, and this user may not use all of it.
  var isForeign: Bool {
    guard directoryOwner != user || directoryKind.isHidden, user != 0 else { return false }
    if kind.isHidden { return true }
    return hasDirectory && kind == .file && !(isWritable && isDirectoryWritable)
  }
  /// Bytes that are free on its disk; nil where that cannot be told.
  var free: Int64?
  /// Whether its disk is mounted to be read only.
  var isReadOnly: Bool
  /// Size of the log beside a database.
  var walSize: Int64 = 0
}

/// The database as it was opened.
struct DatabaseFacts: Sendable {
  /// Who keeps others from writing it.
  var writer: SQLiteWriter.Holder?
  /// Why it cannot be used; nil where it can.
  var failure: SQLiteFailure?
  /// Events on their way.
  var outbox = OutboxCounts()
  /// Why the newest blocked one is.
  var blockedWhy: String?
  /// Models without automatic work, and why.
  var circuits: [StatusReport.Circuit] = []
  /// Runs that are not over.
  var openRuns: [RunRow] = []
  /// How it stands with each place where people are told.
  var sinks: [SinkCounts] = []
}

/// What SQLite says of the whole file.
enum IntegrityFacts: Sendable, Hashable {
  /// Nothing is wrong.
  case sound
  /// What is wrong, in its words.
  case damaged(String)
  /// It could not look, for a reason that is told elsewhere.
  case unknown
}

/// The daemon as it is seen from outside.
struct DaemonFacts: Sendable {
  /// What came of asking it.
  enum Answer: Sendable {
    /// Nobody listens.
    case nobody
    /// Its status.
    case status(StatusReport)
    /// It listens and says nothing useful; why.
    case failed(String)
    /// This user may not ask; why.
    case denied(String)
  }

  /// Where its state lies.
  var paths: StatePaths
  /// Who holds its lock.
  var holder: Int32?
  /// What it says.
  var answer: Answer
  /// Files that it has open, and may have.
  var descriptors: (open: Int, limit: Int)?
  /// This program's version.
  var version: String
}

/// The model server as it answers.
struct OllamaFacts: Sendable {
  /// Where it is asked.
  var endpoint: String
  /// What was not as it should be with the address.
  var warnings: [String]
  /// True where the address says `http://` and no port, which means port 80.
  var hasImpliedPort: Bool
  /// The same with the port that Ollama has.
  var withOwnPort: String {
    let begin = endpoint.firstRange(of: "://")?.upperBound ?? endpoint.startIndex
    let end = endpoint[begin...].firstIndex(of: "/") ?? endpoint.endIndex
    let host = endpoint[..<end]
    return "\(host.hasSuffix(":80") ? host.dropLast(3) : host):11434\(endpoint[end...])"
  }
  /// Its version; nil where it does not answer.
  var version: String?
  /// Its models; nil where it does not answer.
  var models: [String]?
  /// Whether versions to go back to are kept.
  var keepsBackup = true
  /// Why it does not answer.
  var failure: String?
  /// True where somebody answers, though not as it should.
  var isAnswered = false
  /// True where it refuses the name that it is asked by.
  var refusesName = false
  /// How it is talked to.
  var transport: OllamaSettings.Transport
  /// Why the program cannot be used; nil where it can.
  var programProblem: String?
  /// True where there is no such program.
  var isProgramMissing = false
  /// True where the address is one of this machine.
  var isLocal = false
  /// Where the lane's lock lies.
  var laneLock: String
  /// Whether it can be made or taken.
  var isLaneLockUsable: Bool
  /// Who holds it.
  var laneHolder: Int32?
}

/// The project as it answers.
struct ProjectFacts: Sendable {
  /// Its URL.
  var url: String
  /// What kind of key there is.
  var key: SupabaseEndpoint.KeyKind
  /// Its tables.
  var tables: [ProjectInspection.Table]
  /// Where they are, where that is not below `/rest/v1` of its URL.
  var bareBase: String?
}

/// What a check would say.
struct CycleFacts: Sendable {
  /// What it would say of each model.
  var entries: [CheckEntry] = []
  /// Why it cannot say anything.
  var failure: String?
}

/// The machine and the service manager.
struct SystemFacts: Sendable, Hashable {
  /// The wall clock, in seconds since 1970.
  var seconds: Int64
  /// Files that this process may have open.
  var descriptorLimit: Int
  /// `NOTIFY_SOCKET`.
  var notifySocket: String?
  /// Whether it is there.
  var hasNotifySocket: Bool
  /// `WATCHDOG_USEC`.
  var watchdog: String?
  /// The database of a service that is installed in the usual place and is not the one that was looked at.
  var otherState: String?
}
