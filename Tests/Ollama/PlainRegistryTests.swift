import Platform
import Rules
import TestSupport
import Testing

@testable import Ollama

/// Registries without TLS.
@Suite(.timeLimit(.minutes(5))) struct PlainRegistryTests {
  private let success = #"{"status":"success"}"#

  /// The server's words about a registry that answers TLS in plain HTTP.
  private func words(_ registry: String) -> String {
    "pull model manifest: Get \"https://\(registry)/v2/team/m/manifests/7b\": http: server gave HTTP response to HTTPS client"
  }

  private func refusal(_ registry: String) -> String {
    #"{"error":"\#(words(registry).replacing("\"", with: "\\\""))"}"#
  }

  /// Whether each pull asked for no TLS.
  private func flags(_ transport: ScriptedTransport) -> [Bool] {
    transport.requests.map { String(decoding: $0.body ?? [], as: UTF8.self).contains(#""insecure":true"#) }
  }

  private func api(_ transport: ScriptedTransport, isInsecure: Bool = false) throws -> OllamaAPI {
    OllamaAPI(
      endpoint: try OllamaEndpoint("127.0.0.1:11434"), transport: transport, clock: PullClock(ManualClock()),
      isInsecure: isInsecure)
  }

  /// How a pull ends; nil for success.
  private func pull(_ server: some ModelServer, _ model: String) async -> ModelServerFailure? {
    do throws(ModelServerFailure) {
      try await server.pull(model) { _ in }
      return nil
    } catch {
      return error
    }
  }

  @Test("one on this host is asked once more without TLS, one elsewhere is not: people are told how to allow it")
  func api() async throws {
    for host in ["localhost:5001", "127.0.0.1:5001", "LOCALHOST"] {
      let transport = ScriptedTransport(
        ScriptedTransport.answer([refusal(host)]), ScriptedTransport.answer([success]))
      #expect(await pull(try api(transport), "\(host)/team/m:7b") == nil)
      #expect(flags(transport) == [false, true], "\(host)")
    }
    let transport = ScriptedTransport(ScriptedTransport.answer([refusal("gpu:5001")]))
    let failure = try #require(await pull(try api(transport), "gpu:5001/team/m:7b"))
    #expect(failure.description.hasSuffix("; where that registry is meant to have no TLS, set ollama.insecure: true"))
    #expect(!failure.isPermanent)
    #expect(flags(transport) == [false])
  }

  @Test("where it is configured it is asked so from the beginning, and once only")
  func configured() async throws {
    let transport = ScriptedTransport(ScriptedTransport.answer([refusal("localhost:5001")]))
    let failure = try #require(await pull(try api(transport, isInsecure: true), "localhost:5001/team/m:7b"))
    #expect(!failure.description.contains("insecure"))
    #expect(flags(transport) == [true])
  }

  @Test("the program is told the same")
  func program() async throws {
    let runner = ScriptedRunner(
      ScriptedRunner.exit(1, err: "Error: \(words("localhost:5001"))\n"), ScriptedRunner.exit(0))
    let cli = OllamaCLI(host: nil, environment: [:], runner: runner, clock: PullClock(ManualClock()))
    #expect(await pull(cli, "localhost:5001/team/m:7b") == nil)
    #expect(
      runner.commands.map(\.arguments) == [
        ["pull", "localhost:5001/team/m:7b"], ["pull", "--insecure", "localhost:5001/team/m:7b"],
      ])
  }

  @Test(
    "names whose registry is on this host",
    arguments: [
      ("localhost:5001/team/m:7b", true), ("127.1.2.3/m", true), ("m:7b", false), ("localhost:7b", false),
      ("team/m", false), ("127.0.0.1.example/m", false), ("127.0.0/m", false), ("localhost.example/m", false),
      ("128.0.0.1/m", false),
    ])
  func names(model: String, isOnThisHost: Bool) {
    #expect(ModelName.isOnThisHost(model) == isOnThisHost)
  }
}
