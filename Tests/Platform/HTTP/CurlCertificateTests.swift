import Glibc
import Testing

@testable import Platform

/// A certificate that nobody vouches for, and the file that does.
@Suite(.timeLimit(.minutes(5)), .enabled(if: openssl != nil, "needs openssl in PATH")) struct CurlCertificateTests {
  private func result(_ url: String, trusting file: String? = nil) async -> Result<Int, HTTPFailure> {
    let environment = file.map { ["SSL_CERT_FILE": $0] } ?? [:]
    do throws(HTTPFailure) {
      return .success(
        try await CurlTransport(HTTPNetwork(environment: environment)).collect(HTTPRequest(.get, url)).status)
    } catch {
      return .failure(error)
    }
  }

  @Test("a CA of one's own is named with the way to trust it, trusted through SSL_CERT_FILE, and missed by its name")
  func ownAuthority() async throws {
    let directory = try ScratchDirectory()
    let other = try ScratchDirectory()
    let (certificate, key) = try await makeCertificate(in: directory)
    let (stranger, _) = try await makeCertificate(in: other)
    try await withServer(certificate, key) { url in
      let untrusted = await result(url)
      guard case .failure(let failure) = untrusted else { throw UnexpectedAnswer(what: "\(untrusted)") }
      #expect(failure.kind == .tls)
      #expect(failure.description.contains("set SSL_CERT_FILE to a file with that CA"))
      #expect(failure.reason.map { !$0.contains(url) && failure.description.hasSuffix($0) } == true)

      #expect(await result(url, trusting: certificate) == .success(200))

      let wrong = await result(url, trusting: stranger)
      guard case .failure(let failure) = wrong else { throw UnexpectedAnswer(what: "\(wrong)") }
      #expect(failure.kind == .tls)
      #expect(failure.description.contains("\(stranger), which SSL_CERT_FILE names"))

      let missing = directory.file("missing.pem")
      let without = await result(url, trusting: missing)
      guard case .failure(let failure) = without else { throw UnexpectedAnswer(what: "\(without)") }
      #expect(failure.kind == .tls)
      #expect(failure.description.contains("the file of certificates \(missing), which SSL_CERT_FILE names, cannot be"))
      #expect(!failure.description.contains("check the server's certificate"))
    }
  }

  /// A certificate for 127.0.0.1 that is its own CA, and its key.
  private func makeCertificate(in directory: ScratchDirectory) async throws -> (certificate: String, key: String) {
    let (certificate, key) = (directory.file("cert.pem"), directory.file("key.pem"))
    let made = try await PosixProcessRunner().run(
      ProcessCommand(
        program: "openssl",
        arguments: [
          "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key,
          "-out", certificate, "-days", "2", "-subj", "/CN=retraind test", "-addext", "subjectAltName=IP:127.0.0.1",
        ]),
      onOutput: { _ in })
    guard made.ending == .exited(code: 0) else {
      throw UnexpectedAnswer(what: String(decoding: made.standardError, as: UTF8.self))
    }
    return (certificate, key)
  }

  /// Runs a body while a TLS server answers; it ends with the body, and by itself where this process is killed.
  private func withServer(_ certificate: String, _ key: String, _ body: (String) async throws -> Void) async throws {
    let (lines, said) = AsyncStream<String>.makeStream()
    let server = Task {
      defer { said.finish() }
      return try await PosixProcessRunner().run(
        ProcessCommand(
          program: "timeout",
          arguments: [
            "--foreground", "300", "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", certificate, "-key", key,
            "-www",
          ], grace: .zero),
        onOutput: { if case .standardOutput(let bytes) = $0 { said.yield(String(decoding: bytes, as: UTF8.self)) } })
    }
    var output = ""
    var port: Substring?
    for await piece in lines {
      output += piece
      if let mark = output.firstRange(of: "ACCEPT 127.0.0.1:"), output[mark.upperBound...].contains("\n") {
        port = output[mark.upperBound...].prefix { $0.isNumber }
        break
      }
    }
    let outcome: Result<Void, any Error>
    do {
      try await body("https://127.0.0.1:\(try #require(port, "\(output)"))/")
      outcome = .success(())
    } catch {
      outcome = .failure(error)
    }
    server.cancel()
    _ = try await server.value
    try outcome.get()
  }
}

/// Where openssl is; nil where it is not installed.
private let openssl = try? ProgramSearch.file(of: "openssl", path: ProcessEnvironment.current()["PATH"])

/// An answer that the test cannot go on with.
private struct UnexpectedAnswer: Error { var what: String }
