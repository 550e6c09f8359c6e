import Platform
import TestSupport
import Testing

@testable import Ollama

@Suite(.timeLimit(.minutes(5))) struct OllamaAPITests {
  let manifest = #"{"status":"pulling manifest"}"#
  let layer = #"{"status":"pulling 01","digest":"sha256:01","total":9,"completed":5}"#
  let success = #"{"status":"success"}"#

  func api(_ transport: ScriptedTransport, clock: ManualClock = ManualClock()) throws -> OllamaAPI {
    OllamaAPI(
      endpoint: try OllamaEndpoint("127.0.0.1:11434"), transport: transport, clock: PullClock(clock))
  }

  /// How a pull ends; nil for success.
  func pull(_ api: OllamaAPI, _ model: String = "m") async -> ModelServerFailure? {
    do throws(ModelServerFailure) {
      try await api.pull(model) { _ in }
      return nil
    } catch {
      return error
    }
  }

  @Test func aPullTellsItsProgress() async throws {
    let transport = ScriptedTransport(ScriptedTransport.answer([manifest, layer, success]))
    let told = Guarded<[PullProgress]>([])
    try await api(transport).pull("m:7b") { step in told.withLock { $0.append(step) } }
    #expect(told.withLock { $0.map(\.status) } == ["pulling manifest", "pulling 01"])
    let request = try #require(transport.requests.first)
    #expect(request.url == "http://127.0.0.1:11434/api/pull")
    let body = String(decoding: request.body ?? [], as: UTF8.self)
    #expect(body.contains(#""model":"m:7b""#) && body.contains(#""stream":true"#))
  }

  @Test func aStallDropsTheConnectionAndPullsAgain() async throws {
    let closed = Guarded(0)
    let transport = ScriptedTransport(
      ScriptedTransport.silence(after: [manifest, layer]) { closed.withLock { $0 += 1 } },
      ScriptedTransport.answer([layer, success]))
    let clock = ManualClock()
    let api = try api(transport, clock: clock)
    // Its deadline is looked at again after each layer line; however often, the stall ends it.
    #expect(await clock.drive { await pull(api) } == nil)
    #expect(closed.withLock { $0 } == 1)
  }

  @Test func aStallIsShorterThanTheWaitForTheFirstLayer() async throws {
    let transport = ScriptedTransport(
      ScriptedTransport.silence(after: [manifest, layer]) {}, ScriptedTransport.answer([layer, success]))
    let clock = ManualClock()
    let api = OllamaAPI(
      endpoint: try OllamaEndpoint("127.0.0.1:11434"), transport: transport,
      timeouts: PullTimeouts(firstLayer: .seconds(60), stall: .seconds(10)), clock: PullClock(clock))
    #expect(await clock.drive { await pull(api) } == nil)
    // Sooner than the first layer might have taken, however often it is looked at.
    #expect(clock.now.offset < .seconds(60))
  }

  @Test func itIsBegunAgainSoOftenAndNoMore() async throws {
    let transport = ScriptedTransport(ScriptedTransport.failure(.truncated, after: [layer]))
    let clock = ManualClock()
    let api = try api(transport, clock: clock)
    let failure = await clock.drive(within: pause) { await pull(api) }
    #expect(failure?.kind == .malformed)
    #expect(transport.requests.count == PullRetry.maximumRepulls + 1)
    #expect(failure?.description.contains("begun again 20 times") == true)
  }

  @Test func aServerThatRestartsIsLookedFor() async throws {
    let transport = ScriptedTransport(
      ScriptedTransport.failure(.truncated, after: [layer]), ScriptedTransport.failure(.unreachable),
      ScriptedTransport.failure(.unreachable), ScriptedTransport.answer([success]))
    let clock = ManualClock()
    let api = try api(transport, clock: clock)
    #expect(await clock.drive(within: pause) { await pull(api) } == nil)
    #expect(transport.requests.count == 4)
    // 1 + 2 + 4 s of waiting.
    #expect(clock.now.offset >= .seconds(7))
  }

  @Test func progressOfAServerThatDiedIsNotShownAnyMore() async throws {
    let transport = ScriptedTransport(
      ScriptedTransport.failure(.truncated, after: [layer]), ScriptedTransport.failure(.unreachable),
      ScriptedTransport.answer([success]))
    let clock = ManualClock()
    let api = try api(transport, clock: clock)
    let told = Guarded<[PullProgress]>([])
    try await clock.drive(within: pause) {
      try await api.pull("m") { progress in told.withLock { $0.append(progress) } }
    }
    #expect(told.withLock { $0 }.map { $0.digest == nil } == [false, true, true])
    #expect(told.withLock { $0 }.dropFirst().allSatisfy { $0.completed == 0 && $0.total == 0 })
    #expect(told.withLock { $0 }.last?.status.contains("does not answer") == true)
  }

  @Test func aServerThatIsNotThereIsNotWaitedFor() async throws {
    let transport = ScriptedTransport(ScriptedTransport.failure(.unreachable))
    #expect(await pull(try api(transport))?.kind == .unreachable)
    #expect(transport.requests.count == 1)
  }

  @Test func anErrorIsFinal() async throws {
    let transport = ScriptedTransport(
      ScriptedTransport.answer([manifest, #"{"error":"pull model manifest: file does not exist"}"#]))
    let failure = await pull(try api(transport))
    #expect(failure?.kind == .unknownModel)
    #expect(failure?.isPermanent == true)
    #expect(transport.requests.count == 1)
  }

  @Test func successBeforeTheConnectionBreaksIsSuccess() async throws {
    let transport = ScriptedTransport(ScriptedTransport.failure(.truncated, after: [layer, success]))
    #expect(await pull(try api(transport)) == nil)
  }

  @Test(arguments: [
    (#"{"status":"success"}"#, nil), (#"{"error":"no space left on device"}"#, "no space left on device"),
    ("<html>", "something other than progress"),
  ])
  func afterTheLastWordTheConnectionEnds(word: String, said: String?) async throws {
    let closed = Guarded(false)
    let transport = ScriptedTransport(
      ScriptedTransport.silence(after: [layer, word]) { closed.withLock { $0 = true } })
    let clock = ManualClock()
    let api = try api(transport, clock: clock)
    async let end = pull(api)
    // The watchdog sleeps for longer, if at all.
    await clock.waitForSleeper(dueBy: clock.now.advanced(by: WatchedPull.endGrace).offset)
    clock.advance(by: WatchedPull.endGrace)
    let failure = await end
    #expect(closed.withLock { $0 })
    #expect((failure == nil) == (said == nil))
    if let said { #expect(failure?.description.contains(said) == true) }
    #expect(transport.requests.count == 1)
    #expect(clock.now.offset <= .seconds(2))
  }

  @Test(arguments: [HTTPFailure.Kind.tooLarge, .truncated, .other])
  func whatFollowsTheLastWordChangesNothing(kind: HTTPFailure.Kind) async throws {
    let failing = ScriptedTransport(ScriptedTransport.failure(kind, after: [#"{"error":"no space left"}"#]))
    #expect(await pull(try api(failing))?.description.contains("no space left") == true)
    #expect(await pull(try api(ScriptedTransport(ScriptedTransport.failure(kind, after: [success])))) == nil)
  }

  @Test func aLineThatBreaksOffIsBegunAgain() async throws {
    let half: ScriptedTransport.Play = { (_, body) async throws(HTTPFailure) in
      body("{\"status\":\"pulling 01\",\"dig")
      throw HTTPFailure(.truncated, "scripted")
    }
    let transport = ScriptedTransport(half, ScriptedTransport.answer([success]))
    let clock = ManualClock()
    let api = try api(transport, clock: clock)
    #expect(await clock.drive(within: pause) { await pull(api) } == nil)
    #expect(transport.requests.count == 2)
  }

  @Test func anOddEntryDoesNotHideTheOtherModels() async throws {
    let body = #"{"models":[null,7,{"digest":"x"},{"name":3},{"name":"tiny:latest","digest":"ab12"}]}"#
    #expect(try await api(ScriptedTransport(ScriptedTransport.answer([body]))).models().map(\.model) == ["tiny:latest"])
    await #expect(throws: ModelServerFailure.self) {
      try await api(ScriptedTransport(ScriptedTransport.answer([#"{"models":[7]}"#]))).models()
    }
  }

  @Test func contentIsWhatTheModelfileSaysWithoutItsComments() async throws {
    let answer = { (tag: String, blob: String) in
      ##"{"modelfile":"# Modelfile generated by \"ollama show\"\n# FROM \##(tag)\n\nFROM /m/sha256-\##(blob)\nTEMPLATE {{ .Prompt }}\n"}"##
    }
    let transport = ScriptedTransport(
      ScriptedTransport.answer([answer("m:7b", "01")]), ScriptedTransport.answer([answer("m:7b-backup", "01")]),
      ScriptedTransport.answer([answer("m:7b", "02")]),
      ScriptedTransport.answer([#"{"error":"model 'm' not found"}"#], status: 404),
      ScriptedTransport.answer([#"{"license":"x"}"#]))
    let api = try api(transport)
    let first = try await api.content(of: "m:7b")
    #expect(first != nil)
    #expect(try await api.content(of: "m:7b-backup") == first)
    let other = try await api.content(of: "m:7b")
    #expect(other != nil && other != first)
    #expect(try await api.content(of: "m") == nil)
    #expect(try await api.content(of: "m") == nil)
    #expect(transport.requests.allSatisfy { $0.url.hasSuffix("/api/show") })
  }

  @Test func aHeadingInAPromptIsContent() {
    func content(_ heading: String) -> ModelContent? {
      ModelContent(modelfile: "# FROM m:7b\nFROM /m/sha256-01\nSYSTEM \"\"\"\n\(heading)\nBe kind.\n\"\"\"\n")
    }
    #expect(content("# Rules") != nil)
    #expect(content("# Rules") == content("# Rules"))
    #expect(content("# Rules") != content("# Manners"))
    #expect(ModelContent(modelfile: "# FROM m:7b\n") == nil)
    // Early servers name what it was made from: what stands behind that name may change.
    #expect(ModelContent(modelfile: "FROM llama2:latest\nSYSTEM x\n") == nil)
  }

  @Test func cancellingEndsTheConnectionFirst() async throws {
    let closed = Guarded(false)
    let begun = AsyncStream.makeStream(of: Void.self)
    let transport = ScriptedTransport(
      ScriptedTransport.silence(after: [manifest]) { closed.withLock { $0 = true } })
    let api = try api(transport)
    let task = Task { () async -> (ModelServerFailure.Kind?, Bool) in
      do throws(ModelServerFailure) {
        try await api.pull("m") { _ in begun.continuation.yield() }
        return (nil, false)
      } catch {
        return (error.kind, closed.withLock { $0 })
      }
    }
    for await _ in begun.stream { break }
    task.cancel()
    let (kind, wasClosed) = await task.value
    #expect(kind == .cancelled)
    #expect(wasClosed)
    #expect(transport.requests.count == 1)
  }

  @Test func digestsComeFromTheTags() async throws {
    let body = #"{"models":[{"name":"tiny:latest","digest":"ab12"},{"name":"Big:7b","digest":"cd34"},{"name":"x:1"}]}"#
    let api = try api(ScriptedTransport(ScriptedTransport.answer([body])))
    #expect(try await api.digest(of: "tiny") == ModelDigest(model: "tiny:latest", digest: "ab12"))
    #expect(try await api.digest(of: "big:7B")?.digest == "cd34")
    #expect(try await api.digest(of: "registry.ollama.ai/library/tiny")?.digest == "ab12")
    #expect(try await api.digest(of: "x:1")?.digest == "")
    #expect(try await api.digest(of: "big") == nil)
    #expect(try await api.models().count == 3)
    // Older servers tell capitals apart.
    let both = #"{"models":[{"name":"PSA:7b","digest":"01"},{"name":"psa:7b","digest":"02"}]}"#
    let old = try self.api(ScriptedTransport(ScriptedTransport.answer([both])))
    #expect(try await old.digest(of: "psa:7b") == ModelDigest(model: "psa:7b", digest: "02"))
    #expect(try await old.digest(of: "PSA:7b")?.digest == "01")
    #expect(try await old.digest(of: "Psa:7b")?.digest == "01")
  }

  @Test(arguments: [#"{"models":null}"#, "{}"])
  func noModelsAreNoError(body: String) async throws {
    #expect(try await api(ScriptedTransport(ScriptedTransport.answer([body]))).models().isEmpty)
  }

  @Test func whatIsMissingNeedNotBeRemoved() async throws {
    let missing = ScriptedTransport.answer([#"{"error":"model 'nope' not found"}"#], status: 404)
    try await api(ScriptedTransport(missing)).delete("nope")
    try await api(ScriptedTransport(missing)).unload("nope")
    await #expect(throws: ModelServerFailure.self) { try await api(ScriptedTransport(missing)).copy("nope", to: "x") }
    // A 404 that is not Ollama's tells of a wrong address.
    let page = ScriptedTransport.answer(["404 page not found"], status: 404)
    await #expect(throws: ModelServerFailure.self) { try await api(ScriptedTransport(page)).delete("nope") }
  }

  @Test func bodiesAreWhatTheServerReads() async throws {
    let loaded = ScriptedTransport.answer([#"{"models":[{"name":"m:latest","digest":"ab12"}]}"#])
    let done = ScriptedTransport.answer(["{}"])
    let transport = ScriptedTransport(done, done, loaded, done)
    let api = try api(transport)
    try await api.copy("m", to: "m:b")
    try await api.delete("m")
    try await api.unload("m")
    let sent = transport.requests.map { "\($0.method.rawValue) \($0.url) " }
    #expect(
      sent == [
        "POST http://127.0.0.1:11434/api/copy ", "DELETE http://127.0.0.1:11434/api/delete ",
        "GET http://127.0.0.1:11434/api/ps ", "POST http://127.0.0.1:11434/api/generate ",
      ])
    let bodies = transport.requests.map { String(decoding: $0.body ?? [], as: UTF8.self) }
    #expect(bodies[0].contains(#""source":"m""#) && bodies[0].contains(#""destination":"m:b""#))
    #expect(bodies[3].contains(#""keep_alive":0"#))
  }

  @Test func aHostileNameReachesNoServer() async throws {
    let transport = ScriptedTransport(ScriptedTransport.answer([success]))
    #expect(await pull(try api(transport), "-rf /")?.kind == .unknownModel)
    #expect(transport.requests.isEmpty)
  }

  @Test func whatIsNoOllamaIsSaidSo() async throws {
    let api = try api(ScriptedTransport(ScriptedTransport.answer(["<html>"])))
    do throws(ModelServerFailure) {
      _ = try await api.version()
      Issue.record("took a page for a version")
    } catch {
      #expect(error.kind == .malformed)
      #expect(error.description.contains("check that an Ollama server listens there"))
    }
  }

  @Test func theWayIsChosenByWhatAnswers() async throws {
    let there = try api(ScriptedTransport(ScriptedTransport.answer([#"{"version":"0.33.0"}"#])))
    let gone = try api(ScriptedTransport(ScriptedTransport.failure(.unreachable)))
    let installed = OllamaCLI(host: nil, environment: [:], runner: ScriptedRunner(ScriptedRunner.exit(0)))
    let missing = OllamaCLI(
      host: nil, environment: [:],
      runner: ScriptedRunner(ScriptedRunner.missing()))
    #expect(await OllamaConnection.server(.auto, api: there, cli: installed) is OllamaAPI)
    #expect(await OllamaConnection.server(.auto, api: gone, cli: installed) is OllamaCLI)
    #expect(await OllamaConnection.server(.auto, api: gone, cli: missing) is OllamaAPI)
    #expect(await OllamaConnection.server(.cli, api: there, cli: missing) is OllamaCLI)
    #expect(await OllamaConnection.server(.api, api: gone, cli: installed) is OllamaAPI)
  }

  @Test(arguments: [
    ("ab12cd34ef56", "ab12cd34ef567890", true), ("ab12cd34ef56", "ab12cd34ef57", false), ("", "ab12cd34ef56", nil),
    ("ab", "ab", nil), ("AB12CD34EF56", "ab12cd34ef56", true),
  ])
  func digestsOfBothWaysCompare(one: String, other: String, same: Bool?) {
    #expect(
      ModelDigest(model: "m", digest: one).isSameVersion(as: ModelDigest(model: "m", digest: other)) == same)
  }
}
