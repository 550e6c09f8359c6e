import Ollama
import Platform
import TestSupport

/// A model server that plays a script, records each call, and counts how many are under way at once.
final class ScriptedServer: ModelServer {
  /// What a pull does.
  enum Pull: Sendable {
    /// Succeeds; nil leaves the digest as it is.
    case succeed(String?)
    /// Fails.
    case fail(ModelServerFailure.Kind)
    /// Arrives at so many bytes and waits for the gate; ends when it is cancelled.
    case hold(Gate, bytes: Int64)
    /// Waits for the gate and ignores its cancellation.
    case deaf(Gate)
  }

  private struct State {
    var digests: [String: String] = [:]
    var scripts: [String: [Pull]] = [:]
    var active = 0
    var most = 0
    var hook: (@Sendable (String) async -> Void)?
  }
  private let state = Guarded(State())

  /// Each call in words: `digest m`, `copy m m-retraind-previous`, `pull m`, `pulled m`, `cancelled m`, `deaf m`.
  let calls = EventRecorder<String>()
  let name = "scripted"

  /// Calls under way at the busiest moment.
  var most: Int { state.withLock { $0.most } }
  /// How often something was pulled, of one model or of all.
  func pulls(_ model: String? = nil) -> Int {
    calls.all.count { $0.hasPrefix("pull ") && (model == nil || $0 == "pull \(model ?? "")") }
  }

  /// What the server has under a name.
  func serve(_ digest: String, as model: String) { state.withLock { $0.digests[model] = digest } }
  /// What the server has now.
  func served(_ model: String) -> String? { state.withLock { $0.digests[model] } }
  /// What the pulls of a model do, one after another; the last one for ever.
  func script(_ model: String, _ pulls: Pull...) { state.withLock { $0.scripts[model] = pulls } }
  /// Called before each call.
  func beforeCalls(_ hook: @escaping @Sendable (String) async -> Void) { state.withLock { $0.hook = hook } }

  func digest(of model: String) async throws(ModelServerFailure) -> ModelDigest? {
    await begin("digest \(model)")
    defer { end() }
    // Found in whatever case, as the real clients find it in the list; everything else tells upper and lower case apart.
    return state.withLock { state in
      let key = state.digests[model] != nil ? model : state.digests.keys.first { $0.lowercased() == model.lowercased() }
      return key.flatMap { key in state.digests[key].map { ModelDigest(model: key, digest: $0) } }
    }
  }

  func models() async throws(ModelServerFailure) -> [ModelDigest] {
    state.withLock { $0.digests.map { ModelDigest(model: $0.key, digest: $0.value) } }
  }

  func pull(_ model: String, progress: @escaping @Sendable (PullProgress) -> Void) async throws(ModelServerFailure) {
    await begin("pull \(model)")
    defer { end() }
    let play = state.withLock { state -> Pull in
      guard var script = state.scripts[model], let first = script.first else { return .succeed(nil) }
      if script.count > 1 { script.removeFirst() }
      state.scripts[model] = script
      return first
    }
    switch play {
    case .succeed(let digest):
      if let digest { serve(digest, as: model) }
    case .fail(let kind): throw ModelServerFailure(kind, "scripted failure")
    case .hold(let gate, let bytes):
      progress(PullProgress(status: "pulling 00", digest: "sha256:00", completed: bytes, total: 100))
      guard await gate.wait() else {
        calls.record("cancelled \(model)")
        throw ModelServerFailure(.cancelled, "cancelled")
      }
    case .deaf(let gate):
      _ = await gate.wait(isDeaf: true) { [calls] in calls.record("deaf \(model)") }
    }
    calls.record("pulled \(model)")
  }

  /// What a digest stands for: `aa~` is the content of `aa` under another digest.
  func content(of model: String) async throws(ModelServerFailure) -> ModelContent? {
    served(model).flatMap { ModelContent(modelfile: "FROM /blobs/sha256-\($0.prefix { $0 != "~" })") }
  }

  func copy(_ model: String, to other: String) async throws(ModelServerFailure) {
    await begin("copy \(model) \(other)")
    defer { end() }
    state.withLock { $0.digests[other] = $0.digests[model] }
  }

  func delete(_ model: String) async throws(ModelServerFailure) {
    await begin("delete \(model)")
    defer { end() }
    state.withLock { $0.digests[model] = nil }
  }

  func unload(_ model: String) async throws(ModelServerFailure) {
    await begin("unload \(model)")
    end()
  }

  private func begin(_ call: String) async {
    let hook = state.withLock { state in
      state.active += 1
      state.most = max(state.most, state.active)
      return state.hook
    }
    await hook?(call)
    calls.record(call)
  }

  private func end() { state.withLock { $0.active -= 1 } }
}
