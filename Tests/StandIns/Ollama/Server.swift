#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The server: a thread per connection, bound to 127.0.0.1 only.
final class Server: Sendable {
  /// The most connections at a time; further ones are closed at once.
  static let maxConnections = 64
  /// How often the main thread looks whether the server is to end.
  static let watchSeconds = 0.05
  /// The scenario name that means every request.
  static let everyone = "*"

  /// A pull that is under way.
  private struct ActivePull {
    var id: Int
    var model: String
    var descriptor: Int32
  }

  /// What the threads share.
  private struct Shared {
    var table: ModelTable
    var active: [ActivePull] = []
    var connections = 0
    var nextID = 1
  }

  /// What the server was told.
  let options: ServeOptions
  /// The answers of the endpoints other than pull.
  let endpoints: Endpoints
  /// What is judged by.
  let log: EventLog
  /// True where nobody is ever answered: S32 for every model.
  let isSilent: Bool
  private let shared: Locked<Shared>

  /// Reads the recordings.
  init(_ options: ServeOptions) throws(StandInFailure) {
    self.options = options
    let library = try RecordingLibrary(
      folder: options.recordings, names: PullPlays.recordings.union(PullPlays.names(in: options.scenario)))
    let plays = try PullPlays(library)
    var scenarios = try PullPlays.scenarios(options.scenario, library: library)
    isSilent = scenarios[Self.everyone]?.contains { $0.name == "S32" } ?? false
    if let all = scenarios.removeValue(forKey: Self.everyone) {
      for model in options.models + options.registry where scenarios[model] == nil { scenarios[model] = all }
    }
    var table = ModelTable(
      models: options.models, registry: options.registry, scenarios: scenarios, changing: options.changing,
      foldsCase: options.generation.foldsCase, plays: plays, now: WallClock.rfc3339)
    for name in options.loaded where !table.load(name) {
      throw StandInFailure("--loaded \(name): it is not among --models")
    }
    shared = Locked(Shared(table: table))
    endpoints = try Endpoints(library)
    log = try EventLog(path: options.log)
  }

  /// Serves until the lifetime is over, the parent is gone or TERM comes.
  func run() throws(StandInFailure) {
    signal(SIGPIPE, SIG_IGN)
    var ending = sigset_t()
    sigemptyset(&ending)
    sigaddset(&ending, SIGTERM)
    sigaddset(&ending, SIGINT)
    pthread_sigmask(SIG_BLOCK, &ending, nil)

    let parent = getppid()
    let (listener, port) = try Loopback.listen(port: options.port)
    log.started(port: port)
    if let file = options.portFile { try announce(port, in: file) }
    let end = Instant.now.advanced(bySeconds: options.lifetime)

    while end.millisecondsFromNow > 0, getppid() == parent, !isTold(to: ending) {
      var entry = pollfd(descriptor: listener)
      guard poll(&entry, 1, Int32(Self.watchSeconds * 1000)) > 0 else { continue }
      let descriptor = accept(listener, nil, nil)
      if descriptor >= 0 { welcome(descriptor) }
    }
  }

  /// Runs a body with the table, alone.
  func withTable<Result: Sendable>(_ body: (inout ModelTable) -> Result) -> Result {
    shared.withLock { body(&$0.table) }
  }

  /// A pull begins: what it plays, and its number. A client that has already gone has ended its pull before that.
  func beginPull(_ model: String, descriptor: Int32) -> (id: Int, play: Play) {
    shared.withLock { shared in
      for pull in shared.active where Connection.isGone(pull.descriptor) {
        finish(pull.id, "pull-disconnect", "noticed when the next pull began", &shared)
      }
      let id = shared.nextID
      shared.nextID += 1
      let play = shared.table.beginPull(model)
      shared.active.append(ActivePull(id: id, model: model, descriptor: descriptor))
      log.pull("pull-start", model: model, id: id, active: shared.active.count, detail: play.name)
      return (id, play)
    }
  }

  /// A pull is over. Called before its connection is closed.
  func endPull(_ id: Int, model: String, _ outcome: PullPlayer.Outcome, partial: Int) {
    shared.withLock { shared in
      switch outcome {
      case .success: shared.table.succeeded(model, now: WallClock.rfc3339)
      case .error: break
      case .truncated, .clientLeft: shared.table.left(model, partial: partial)
      }
      finish(id, outcome == .clientLeft ? "pull-disconnect" : "pull-end", outcome.rawValue, &shared)
    }
  }

  private func finish(_ id: Int, _ event: String, _ detail: String, _ shared: inout Shared) {
    guard let index = shared.active.firstIndex(where: { $0.id == id }) else { return }
    let pull = shared.active.remove(at: index)
    log.pull(event, model: pull.model, id: id, active: shared.active.count, detail: detail)
  }

  private func welcome(_ descriptor: Int32) {
    let isTooMany = shared.withLock { shared in
      guard shared.connections < Self.maxConnections else { return true }
      shared.connections += 1
      return false
    }
    guard !isTooMany else {
      close(descriptor)
      return
    }
    let began = startThread {
      self.converse(Connection(descriptor: descriptor))
      self.shared.withLock { $0.connections -= 1 }
    }
    if !began {
      close(descriptor)
      shared.withLock { $0.connections -= 1 }
    }
  }

  /// Answers requests until the client leaves.
  private func converse(_ connection: consuming Connection) {
    while let request = HTTPRequest.next(on: &connection) {
      log.request(request)
      guard !isSilent else { continue }
      guard answer(request, on: &connection), !request.closes else { return }
    }
  }

  private func isTold(to ending: sigset_t) -> Bool {
    var pending = sigset_t()
    sigpending(&pending)
    return sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1
  }

  /// Writes the port beside the file and renames it, so that a reader never sees half of it.
  private func announce(_ port: UInt16, in path: String) throws(StandInFailure) {
    let draft = "\(path).\(getpid())"
    let file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    let text = Array("\(port)\n".utf8)
    guard file >= 0, write(file, text, text.count) == text.count, close(file) == 0, rename(draft, path) == 0 else {
      throw StandInFailure("cannot write the port to \(path): \(lastError())")
    }
  }
}

/// Runs a body on a thread of its own that nobody waits for; false where there is none to be had.
func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
  final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }
  let box = Unmanaged.passRetained(Body(body))
  #if canImport(Glibc)
    var thread = pthread_t()
    let result = pthread_create(
      &thread, nil,
      { raw in
        if let raw { Unmanaged<Body>.fromOpaque(raw).takeRetainedValue().run() }
        return nil
      }, box.toOpaque())
    if result == 0 { pthread_detach(thread) }
  #else
    var thread: pthread_t?
    let result = pthread_create(
      &thread, nil,
      { raw in
        Unmanaged<Body>.fromOpaque(raw).takeRetainedValue().run()
        return nil
      }, box.toOpaque())
    if result == 0, let thread { pthread_detach(thread) }
  #endif
  if result != 0 { box.release() }
  return result == 0
}
