import Actors
import Ollama
import Platform
import Stores

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Asks the daemon, the model server and the project.
enum ServerProbe {
  /// The daemon. Blocks.
  static func daemon(_ paths: StatePaths, patience: Duration) -> DaemonFacts {
    var answer = DaemonFacts.Answer.nobody
    do {
      let line = try JSON.encode(ControlRequest(.status))
      var last: ControlReply?
      try UnixSocketClient.request(path: paths.socket, line: line, timeout: patience) { text in
        last = try? JSON.decode(ControlReply.self, from: text)
      }
      if let status = last?.status {
        answer = .status(status)
      } else {
        answer = .failed(last?.error ?? "its answer is not understood: is it of another version?")
      }
    } catch let failure as SocketFailure where failure.kind == .notRunning {
      answer = .nobody
    } catch let failure as SocketFailure where failure.kind == .denied {
      answer = .denied(failure.description)
    } catch let failure as SocketFailure where failure.kind == .timedOut {
      answer = .failed("it takes connections, and is busy or stopped")
    } catch {
      answer = .failed("\(error)")
    }
    var holder = FileLock.holder(at: paths.lock)
    if case .status(let report) = answer { holder = report.pid ?? holder }
    return DaemonFacts(
      paths: paths, holder: holder, answer: answer, descriptors: holder.flatMap { ProcessProbe.descriptors(of: $0) },
      version: RetrainMonitor.version)
  }

  /// The model server; nil where its address cannot be understood, which the configuration's errors tell.
  static func ollama(
    _ settings: OllamaSettings, _ environment: [String: String], _ network: HTTPNetwork, timeouts: HTTPTimeouts
  ) async -> OllamaFacts? {
    let text = settings.host ?? environment["OLLAMA_HOST"]
    guard let endpoint = text.map({ try? OllamaEndpoint($0) }) ?? .standard else { return nil }
    let lock = LaneLockDirectory.laneLockPath(endpoint: endpoint.normalised) { environment[$0] }
    let isUsable =
      access(lock, F_OK) == 0
      ? access(lock, R_OK) == 0 : access(StatePaths.directory(of: lock), W_OK | X_OK) == 0
    var facts = OllamaFacts(
      endpoint: endpoint.display, warnings: endpoint.warnings,
      hasImpliedPort: endpoint.scheme == "http" && endpoint.port == 80 && text?.contains(":80") != true,
      transport: settings.transport, laneLock: lock, isLaneLockUsable: isUsable,
      laneHolder: FileLock.holder(at: lock))
    let problem = ProgramSearch.problem(of: settings.program, path: environment["PATH"])
    facts.programProblem = problem?.description
    facts.isProgramMissing = problem?.code == ENOENT
    facts.keepsBackup = settings.backup
    facts.isLocal = HTTPAddress(endpoint.url)?.isLoopback == true
    let api = OllamaAPI(
      endpoint: endpoint, transport: CurlTransport(certificates: network.certificates), questions: timeouts)
    do {
      async let version = api.version()
      async let models = api.models()
      facts.version = try await version
      facts.models = try await models.map(\.model)
    } catch {
      facts.failure = "\(error)"
      let failure = error as? ModelServerFailure
      facts.isAnswered = failure.map { $0.kind == .server || $0.kind == .malformed } ?? false
      facts.refusesName = failure?.status == 403
    }
    return facts
  }

  /// Versions that are loaded and are not the ones that the server has; none where it does not say.
  static func staleRunners(
    _ settings: OllamaSettings, _ environment: [String: String], _ network: HTTPNetwork, timeouts: HTTPTimeouts
  ) async -> [StaleRunner] {
    let text = settings.host ?? environment["OLLAMA_HOST"]
    guard let endpoint = text.map({ try? OllamaEndpoint($0) }) ?? .standard else { return [] }
    let api = OllamaAPI(
      endpoint: endpoint, transport: CurlTransport(certificates: network.certificates), questions: timeouts)
    async let models = api.models()
    guard let running = try? await api.running(), let tags = try? await models else { return [] }
    var stale: [StaleRunner] = []
    for runner in StaleRunner.all(in: running, tags: tags) {
      if let holder = runner.holder, let old = try? await api.content(of: holder),
        let new = try? await api.content(of: runner.model), old.hasSameWeights(as: new)
      {
        // One runner serves both.
        continue
      }
      stale.append(runner)
    }
    return stale
  }

  /// The project; nil where none is configured.
  static func project(_ settings: SupabaseSettings?, _ network: HTTPNetwork, timeouts: HTTPTimeouts) async
    -> ProjectFacts?
  {
    guard let settings, let key = settings.key else { return nil }
    let endpoint = SupabaseEndpoint(url: settings.url, key: key.reveal())
    let report = await ProjectInspection.look(endpoint, transport: CurlTransport(network), timeouts: timeouts)
    return ProjectFacts(
      url: settings.url, key: endpoint.kind, tables: report.tables, bareBase: report.isBare ? report.base : nil)
  }

  /// What a check would say.
  static func cycles(_ settings: Settings, _ paths: StatePaths) async -> CycleFacts {
    do {
      return CycleFacts(entries: try await DryCheck.run(settings, paths: paths, model: nil, leavesNoTrace: true))
    } catch {
      return CycleFacts(failure: "\(error)")
    }
  }
}
