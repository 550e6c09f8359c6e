import Platform
import TestSupport
import Testing

@testable import Ollama

/// What servers and programs older or newer than the recorded one do otherwise, as their sources have it.
@Suite(.timeLimit(.minutes(5))) struct OtherVersionsTests {
  func api(_ plays: ScriptedTransport.Play...) throws -> (OllamaAPI, ScriptedTransport) {
    let transport = ScriptedTransport(all: plays)
    let api = OllamaAPI(
      endpoint: try OllamaEndpoint("127.0.0.1:11434"), transport: transport, clock: PullClock(ManualClock()))
    return (api, transport)
  }

  func bodies(_ transport: ScriptedTransport) -> [String] {
    transport.requests.map { String(decoding: $0.body ?? [], as: UTF8.self) }
  }

  // MARK: - The API

  @Test("Early servers read the model from name alone")
  func requestsNameTheModelBothWays() async throws {
    let (api, transport) = try api(
      ScriptedTransport.answer([#"{"status":"success"}"#]), ScriptedTransport.answer([#"{"modelfile":"FROM x"}"#]),
      ScriptedTransport.answer(["null"]))
    try await api.pull("m:7b") { _ in }
    _ = try await api.content(of: "m:7b")
    try await api.delete("m:7b")
    for body in bodies(transport) {
      #expect(body.contains(#""model":"m:7b""#) && body.contains(#""name":"m:7b""#), "\(body)")
    }
    #expect(transport.requests.count == 3)
  }

  @Test("An entry of the list may have only one of its two names, and a digest with its algorithm")
  func entriesOfTheList() async throws {
    let digest = String(repeating: "ab12", count: 16)
    let list =
      #"{"models":[{"name":"a:1","digest":"sha256:\#(digest)"},{"model":"b:1","remote_model":"b","remote_host":"x"}]}"#
    let (api, _) = try api(ScriptedTransport.answer([list]))
    #expect(
      try await api.models() == [ModelDigest(model: "a:1", digest: digest), ModelDigest(model: "b:1", digest: "")])
  }

  @Test("Some servers answer 500 where there is nothing to remove")
  func removingWhatIsNotThere() async throws {
    let missing =
      #"{"error":"open /root/.ollama/models/manifests/registry.ollama.ai/library/m/7b: no such file or directory"}"#
    let windows =
      #"{"error":"open C:\\Users\\a\\.ollama\\models\\manifests\\registry.ollama.ai\\library\\m\\7b: The system cannot find the file specified."}"#
    for text in [missing, windows] { try await api(ScriptedTransport.answer([text], status: 500)).0.delete("m:7b") }
    // A layer that is gone is another matter.
    let layer = #"{"error":"remove /root/.ollama/models/blobs/sha256-01: no such file or directory"}"#
    await #expect(throws: ModelServerFailure.self) {
      try await api(ScriptedTransport.answer([layer], status: 500)).0.delete("m:7b")
    }
  }

  @Test("The server writes parameters in an order that differs from answer to answer")
  func parametersInAnyOrder() {
    func content(_ parameters: [String], system: String = "Be kind.") -> ModelContent? {
      ModelContent(
        modelfile: (["# FROM m", "", "FROM /m/sha256-01", "SYSTEM \(system)"] + parameters + ["LICENSE MIT"])
          .joined(separator: "\n"))
    }
    let one = content(["PARAMETER temperature 0.7", "PARAMETER stop <a>", "PARAMETER stop <b>"])
    #expect(one != nil)
    #expect(one == content(["PARAMETER stop <a>", "PARAMETER stop <b>", "PARAMETER temperature 0.7"]))
    #expect(one != content(["PARAMETER stop <a>", "PARAMETER stop <b>", "PARAMETER temperature 0.8"]))
    #expect(one != content(["PARAMETER temperature 0.7", "PARAMETER stop <a>"]))
    #expect(one != content(["PARAMETER temperature 0.7", "PARAMETER stop <a>", "PARAMETER stop <b>"], system: "Be."))
  }

  // MARK: - Pulls

  func end(of lines: [String]) -> (PullStream.Outcome, PullStream, [PullProgress]) {
    var stream = PullStream(model: "m", server: "http://x", timeouts: PullTimeouts(), at: .zero)
    var told: [PullProgress] = []
    for line in lines { told += stream.receive(Array((line + "\n").utf8)[...], at: .seconds(1)) }
    return (stream.finish(status: 200, at: .seconds(1)), stream, told)
  }

  @Test("OLLAMA_EXPERIMENT=client2 leaves the status of a layer out")
  func layersWithoutStatus() {
    let digest = "sha256:" + String(repeating: "0123456789abcdef", count: 4)
    let lines = [
      #"{"status":"pulling manifest"}"#, #"{"digest":"\#(digest)","total":9}"#,
      #"{"digest":"\#(digest)","total":9,"completed":5}"#,
    ]
    let (outcome, stream, told) = end(of: lines)
    #expect(outcome == .truncated)
    #expect(stream.watchdog.maximum == 5)
    #expect(
      told.last == PullProgress(status: "pulling 0123456789ab", digest: digest, completed: 5, total: 9), "\(told)")
    let rest = [#"{"status":"verifying sha256 digest"}"#, #"{"status":"writing manifest"}"#, #"{"status":"success"}"#]
    #expect(end(of: lines + rest).0 == .success)
  }

  @Test(
    "OLLAMA_EXPERIMENT=client2 tells errors as a status or with a code",
    arguments: [
      (#"{"status":"error: model \"m\" not found"}"#, ModelServerFailure.Kind.unknownModel, "not found"),
      (#"{"status":"error: 503 of the registry"}"#, .server, "503 of the registry"),
      (#"{"code":"not_found","error":"model \"m\" not found"}"#, .unknownModel, "not found"),
      (#"{"code":"internal_error","error":"internal server error"}"#, .server, "internal server error"),
    ])
  func errorsOfTheOtherClient(line: String, kind: ModelServerFailure.Kind, words: String) {
    guard case .failed(let failure) = end(of: [#"{"status":"pulling manifest"}"#, line]).0 else {
      Issue.record("it did not fail")
      return
    }
    #expect(failure.kind == kind)
    #expect(failure.description.contains(words))
  }

  @Test("The first servers told an error of a layer as its status, and again in the line after it")
  func errorDownloading() {
    let lines = [
      #"{"status":"error downloading: EOF","digest":"sha256:01"}"#, #"{"error":"unexpected EOF of the registry"}"#,
    ]
    guard case .failed(let failure) = end(of: lines).0 else {
      Issue.record("it did not fail")
      return
    }
    #expect(failure.description.contains("of the registry"))
  }

  @Test(
    "What the registry says of a manifest for good is permanent, and says what to do",
    arguments: [
      (
        "pull model manifest: 412: \n\nThe model you are attempting to pull requires a newer version of Ollama.\n",
        true, "update Ollama"
      ),
      (#"pull model manifest: 400: {"error":"Repository is not GGUF"}"#, true, "Check the name"),
      ("pull model manifest: file does not exist", true, "Check the name"),
      ("pull model manifest: 401: no", false, "401"), ("pull model manifest: 403: no", false, "403"),
      ("pull model manifest: 429: later", false, "429"), ("pull model manifest: 500: injected 412:", false, "500"),
    ])
  func manifestErrors(text: String, isPermanent: Bool, words: String) {
    let failure = ModelServerFailure.ofPull(model: "m", server: "http://x", error: text)
    #expect(failure.isPermanent == isPermanent)
    #expect(failure.description.contains(words), "\(failure)")
    #expect(failure.description.contains("newer version") == failure.description.contains("update Ollama"))
  }

  // MARK: - Unloading

  /// The answer of `/api/ps`.
  func running(_ names: String...) -> ScriptedTransport.Play {
    ScriptedTransport.answer([
      #"{"models":[\#(names.map { #"{"name":"\#($0)","model":"\#($0)","digest":"01"}"# }.joined(separator: ","))]}"#
    ])
  }

  @Test("Older servers load what is to be unloaded first: where nothing is loaded, nothing is asked for")
  func nothingIsLoadedToUnloadIt() async throws {
    let (api, transport) = try api(running("other:7b"))
    try await api.unload("m:7b-retraind-previous")
    #expect(transport.requests.map(\.url) == ["http://127.0.0.1:11434/api/ps"])
    // Without the list there is one runner, which makes room by itself.
    let (old, seen) = try self.api(ScriptedTransport.answer(["404 page not found"], status: 404))
    try await old.unload("m:7b-retraind-previous")
    #expect(seen.requests.count == 1)
  }

  @Test("A runner may have any tag of the model: it is the weights that count")
  func whatIsLoadedIsUnloaded() async throws {
    for name in ["m:7b", "M:latest", "registry.ollama.ai/library/m:8b"] {
      let (api, transport) = try api(running("other:7b", name), ScriptedTransport.answer(["{}"]))
      try await api.unload("m:7b-retraind-previous")
      #expect(transport.requests.map(\.url).last == "http://127.0.0.1:11434/api/generate")
    }
  }

  @Test("Where nobody can say what is loaded it is unloaded all the same", arguments: ["<html>", #"{"error":"x"}"#])
  func unknownRunners(text: String) async throws {
    let (api, transport) = try api(ScriptedTransport.answer([text], status: 500), ScriptedTransport.answer(["{}"]))
    try await api.unload("m")
    #expect(transport.requests.count == 2)
  }

  @Test(
    "Older servers unload a model that can only embed the other way",
    arguments: ["embedding models do not support generate", "\\\"m\\\" does not support generate"])
  func embeddingModels(text: String) async throws {
    let (api, transport) = try api(
      running("m:latest"), ScriptedTransport.answer([#"{"error":"\#(text)"}"#], status: 400),
      ScriptedTransport.answer([#"{"embedding":[]}"#]))
    try await api.unload("m")
    #expect(transport.requests.map(\.url).last == "http://127.0.0.1:11434/api/embeddings")
    #expect(bodies(transport).last?.contains(#""keep_alive":0"#) == true)
  }

  @Test("Another refusal is told")
  func refusals() async throws {
    let (api, _) = try api(
      running("m:latest"),
      ScriptedTransport.answer(
        [#"{"error":"server busy, please try again.  maximum pending requests exceeded"}"#], status: 503))
    await #expect(throws: ModelServerFailure.self) { try await api.unload("m") }
  }

  // MARK: - The program

  @Test(
    "Bars of other versions are read",
    arguments: [
      // Dots in place of the colon.
      (
        "pulling 8eeb52dfb3bb...  39% ▕██████            ▏ 1.8 GB/4.7 GB   25 MB/s   1m52s", "8eeb52dfb3bb",
        1_833_000_000, 4_700_000_000
      ),
      ("pulling 8eeb52dfb3bb... 100% ▕██████████████████▏ 4.7 GB", "8eeb52dfb3bb", 4_700_000_000, 4_700_000_000),
      ("pulling 8eeb52dfb3bb...   0% ▕                  ▏    0 B/4.7 GB", "8eeb52dfb3bb", 0, 4_700_000_000),
      // The first bar.
      (
        "pulling 8daa9615cce3...  39% |██████      | (1.5/3.8 GB, 25.3 MB/s) [1m0s:1m52s]", "8daa9615cce3",
        1_482_000_000, 3_800_000_000
      ),
      (
        "pulling 8daa9615cce3...   7% |█           | (280 kB/4.0 MB, 1.3 MB/s) [0s:2s]", "8daa9615cce3", 280_000,
        4_000_000
      ),
      // Models made of tensors have one bar for all of them.
      (
        "pulling model:  50% ▕█████             ▏ 1.0 GB/2.0 GB   25 MB/s     40s", "model", 1_000_000_000,
        2_000_000_000
      ),
    ] as [(String, String, Int64, Int64)])
  func bars(line: String, layer: String, completed: Int64, total: Int64) {
    #expect(
      CLIOutput.progress(line)
        == PullProgress(status: "pulling \(layer)", digest: layer, completed: completed, total: total))
  }

  @Test("A status that only looks like a bar is none")
  func noBars() {
    for line in ["pulling manifest ⠋", "pulling manifest", "pulling model", "pulling everything: soon"] {
      #expect(CLIOutput.progress(line)?.digest == nil, "\(line)")
    }
  }

  @Test("An older program that takes minutes is not taken for one that stands still")
  func slowOldProgram() async {
    let clock = ManualClock()
    let slow: ScriptedRunner.Play = { (_, output) async throws(ProcessFailure) in
      for percent in 1...100 {
        output("pulling 8eeb52dfb3bb... \(percent)% ▕██    ▏ 9.9 MB/4.7 GB   25 MB/s   1m52s\u{1b}[K\n")
        guard (try? await clock.sleep(for: pause)) != nil else {
          return ScriptedRunner.result(0, signal: 15, terminated: true)
        }
      }
      return ScriptedRunner.result(0)
    }
    let runner = ScriptedRunner(slow)
    let cli = OllamaCLI(host: nil, environment: [:], runner: runner, clock: PullClock(clock))
    let failure = await clock.drive(within: pause) { () async -> ModelServerFailure? in
      do throws(ModelServerFailure) { try await cli.pull("m") { _ in } } catch { return error }
      return nil
    }
    #expect(failure == nil)
    #expect(runner.commands.count == 1)
  }

  @Test("Some programs have other words for what is not there")
  func programRemovesWhatIsNotThere() async throws {
    let words =
      "Error: open /root/.ollama/models/manifests/registry.ollama.ai/library/m/7b: no such file or directory\n"
    let cli = OllamaCLI(
      host: nil, environment: [:], runner: ScriptedRunner(ScriptedRunner.exit(1, err: words)),
      clock: PullClock(ManualClock()))
    try await cli.delete("m:7b")
  }
}
