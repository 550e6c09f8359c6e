import Actors
import Testing

@testable import Main

/// `notify` in the file: what is taken, what is refused and where, and that no secret is shown.
@Suite("notify in the configuration", .timeLimit(.minutes(5)))
struct NotifyReaderTests {
  static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

  private func load(
    _ text: String, _ files: [String: FileReadResult] = ["/w/s": .text(secret + "\n")],
    environment: [String: String] = [:]
  ) throws -> LoadedConfiguration {
    try LoaderSupport.load(text, files: files, environment: environment)
  }

  @Test("both kinds, with everything and with the least")
  func sinks() throws {
    let loaded = try load(
      """
      { notify: [
        { type: "webhook", url: "https://Example.org:8443/a/b", secretFile: "s", events: ["degraded", "failed"],
          timeout: "30s", name: "hook" },
        { type: "command", program: "/usr/bin/say", arguments: ["-v", "a b", ""] },
        { type: "webhook", url: "http://127.0.0.1/x", secretFile: "s" },
      ] }
      """)
    let sinks = loaded.settings.notify
    #expect(sinks.map(\.name) == ["hook", "command-say", "webhook-127.0.0.1"])
    #expect(sinks[0].events == [.degraded, .failed] && sinks[0].timeout == .seconds(30))
    #expect(sinks[1].way == .command(CommandSettings(program: "/usr/bin/say", arguments: ["-v", "a b", ""])))
    #expect(sinks[1].events == NoticeKind.choices && sinks[1].timeout == SinkSettings.defaultTimeout)
    guard case .webhook(let webhook) = sinks[0].way else {
      Issue.record("no webhook")
      return
    }
    #expect(webhook.secret?.reveal() == Self.secret && webhook.problem == nil)
    #expect(loaded.warnings.isEmpty)
    #expect(loaded.source(of: ["notify", "hook", "url"]) == .file(line: 2))
    #expect(loaded.source(of: ["notify", "hook", "name"]) == .file(line: 3))
  }

  @Test(
    "what is refused, with its place and a remedy",
    arguments: [
      (#"{ notify: {} }"#, #"1:11: notify: an object is not a list; write [ {"#),
      (#"{ notify: [ 5 ] }"#, #"1:13: notify[0]: 5 is not an object"#),
      (#"{ notify: [ {} ] }"#, #"1:13: notify[0]: has no type; write type: "webhook" or type: "command""#),
      (#"{ notify: [ { type: "webhok" } ] }"#, #"notify[0].type: "webhok" is no known word"#),
      (#"{ notify: [ { type: "webhok" } ] }"#, #"did you mean "webhook"?"#),
      (#"{ notify: [ { type: "webhook", secretFile: "s" } ] }"#, "notify[0].url: is missing"),
      (#"{ notify: [ { type: "webhook", url: "http://h" } ] }"#, "notify[0].secretFile: is missing; name the file"),
      (#"{ notify: [ { type: "command" } ] }"#, "notify[0].program: is missing"),
      (
        #"{ notify: [ { type: "command", program: "p", urll: "x" } ] }"#,
        "1:46: notify[0].urll: unknown key; known here: type, name, events, timeout, program, arguments"
      ),
      (
        #"{ notify: [ { type: "webhook", url: "http://h", secretFile: "s", program: "x" } ] }"#,
        #"notify[0].program: unknown key; it is a key of type: "command""#
      ),
      (
        #"{ notify: [ { type: "command", program: "p", url: "http://h" } ] }"#,
        #"notify[0].url: unknown key; it is a key of type: "webhook""#
      ),
      (
        #"{ notify: [ { type: "command", program: "p", secretFile: "s" } ] }"#,
        #"notify[0].secretFile: unknown key; it is a key of type: "webhook""#
      ),
      (
        #"{ notify: [ { type: "command", program: "p", argments: [] } ] }"#,
        "notify[0].argments: unknown key; did you mean arguments?"
      ),
      (
        #"{ notify: [ { type: "command", program: "p", program: "q" } ] }"#, "program"
      ),
      (
        #"{ notify: [ { type: "webhook", url: "http://h", secret: "whsec_AAAA", secretFile: "s" } ] }"#,
        "notify[0].secret: secrets are never written into this file; put it into a file of its own"
      ),
      (
        #"{ notify: [ { type: "webhook", url: "http://h", secretFile: "whsec_AAAA" } ] }"#,
        "notify[0].secretFile: this looks like the secret itself"
      ),
      (
        #"{ notify: [ { type: "webhook", url: "http://h", secretFile: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" } ] }"#,
        "notify[0].secretFile: this looks like the secret itself"
      ),
      (
        #"{ notify: [ { type: "webhook", url: "ftp://h", secretFile: "s" } ] }"#,
        "notify[0].url: ftp://h has the scheme"
      ),
      (
        #"{ notify: [ { type: "command", program: "p", events: ["degrade"] } ] }"#,
        #"notify[0].events: "degrade" is no known event"#
      ),
      (#"{ notify: [ { type: "command", program: "p", events: ["degrade"] } ] }"#, #"did you mean "degraded"?"#),
      (#"{ notify: [ { type: "command", program: "p", events: ["test"] } ] }"#, #""test" is no known event"#),
      (#"{ notify: [ { type: "command", program: "p", events: ["failed", "failed"] } ] }"#, #""failed" stands twice"#),
      (#"{ notify: [ { type: "command", program: "p", events: [] } ] }"#, "the list is empty"),
      (#"{ notify: [ { type: "command", program: "p", events: "failed" } ] }"#, #"is not a list; write it like"#),
      (#"{ notify: [ { type: "command", program: "p", timeout: "10m" } ] }"#, "notify[0].timeout"),
      (#"{ notify: [ { type: "command", program: "p", name: "a b" } ] }"#, #"notify[0].name: "a b" is no name"#),
      (#"{ notify: [ { type: "command", program: "p", arguments: [1] } ] }"#, "notify[0].arguments: 1 is not text"),
      (
        #"{ notify: [ { type: "command", program: "/a/p" }, { type: "command", program: "/b/p" } ] }"#,
        #"1:51: notify[1].name: a sink before it is called "command-p" too; give one of them another name"#
      ),
      (#"{ notfy: [] }"#, "notfy: unknown key; did you mean notify?"),
    ])
  func refusals(text: String, message: String) {
    let errors = LoaderSupport.errors(text, files: ["/w/s": .text(Self.secret)])
    #expect(errors.contains(message), "\(errors)")
    #expect(!errors.contains("AAAA") && !errors.contains("MfKQ"))
  }

  @Test(
    "a secret that cannot be used stops nobody: it is said, with the file and the remedy",
    arguments: [
      (FileReadResult.absent, "secretFile s does not exist"),
      (.failed("permission denied"), "cannot be read: permission"),
      (.text(""), "secretFile s is empty"), (.text(" \r\n\n"), "secretFile s is empty"),
      (.text("whsec_short"), "holds no secret"), (.contents([0xFF, 0xFE]), "holds no secret"),
      (.text(String(repeating: "A", count: 5000)), "holds no secret"),
    ] as [(FileReadResult, String)])
  func unusable(file: FileReadResult, problem: String) throws {
    let loaded = try load(
      #"{ notify: [ { type: "webhook", url: "http://h", secretFile: "s" } ] }"#, ["/w/s": file])
    let sink = try #require(loaded.settings.notify.first)
    #expect(sink.problem?.contains(problem) == true, "\(sink.problem ?? "none")")
    #expect(loaded.warnings.map(\.description).joined().contains("notify.webhook-h: secretFile s"))
    #expect(loaded.warnings.count == 1)
  }

  @Test("line ends and blanks around a secret are none of it; one that everybody may read is told")
  func around() throws {
    for text in ["\(Self.secret)\n", " \(Self.secret)\r\n\n", "\(Self.secret.dropFirst(6))"] {
      let loaded = try load(
        #"{ notify: [ { type: "webhook", url: "http://h", secretFile: "s" } ] }"#, ["/w/s": .text(text)])
      #expect(loaded.settings.notify.first?.problem == nil)
      #expect(loaded.warnings.isEmpty)
    }
    let open = try load(
      #"{ notify: [ { type: "webhook", url: "http://h", secretFile: "s" } ] }"#,
      ["/w/s": .contents(Array(Self.secret.utf8), isOpenToAll: true)])
    #expect(open.settings.notify.first?.problem == nil)
    #expect(open.warnings.map(\.message).joined().contains("chmod 600 s"))
  }

  @Test("a credential of the service manager")
  func credential() throws {
    let text = #"{ notify: [ { type: "webhook", url: "http://h", secretFile: "%d/hook" } ] }"#
    let found = try load(
      text, ["/run/c/hook": .text(Self.secret)], environment: ["CREDENTIALS_DIRECTORY": "/run/c"])
    #expect(found.settings.notify.first?.problem == nil)
    let none = try load(text, [:])
    #expect(none.settings.notify.first?.problem?.contains("LoadCredential=") == true)
  }

  @Test("neither form of the printed configuration shows a secret, and the file form gives the same again")
  func printing() throws {
    let text = """
      { notify: [
        { type: "webhook", url: "http://h/secret-path", secretFile: "s", events: ["failed"] },
        { type: "command", program: "p", arguments: ["a \\"b\\""] },
      ] }
      """
    let loaded = try load(text)
    let printer = ConfigurationPrinter(loaded: loaded)
    for printed in [printer.json5(), printer.json()] {
      #expect(!printed.contains("MfKQ"))
      #expect(printed.contains("http://h/secret-path"))
    }
    #expect(try load(printer.json5()).settings.notify == loaded.settings.notify)
    #expect(!loaded.settings.effective.description.contains("secret-path"))
    #expect(!loaded.settings.effective.description.contains("MfKQ"))
  }

  @Test("a reload tells what changed of a sink, and neither path nor secret")
  func differences() throws {
    let old = try load(#"{ notify: [ { type: "webhook", url: "http://h/one", secretFile: "s" } ] }"#)
    let new = try load(
      #"{ notify: [ { type: "webhook", url: "http://h:81/two", secretFile: "s", events: ["failed"] } ] }"#,
      ["/w/s": .text("whsec_" + String(repeating: "QUFB", count: 8))])
    let changes = new.settings.differences(from: old.settings).map(\.description).joined(separator: "\n")
    #expect(changes.contains("notify.webhook-h.url: http://h → http://h:81"))
    #expect(changes.contains("notify.webhook-h.secret: *** → *** (another one)"))
    #expect(changes.contains("notify.webhook-h.events: "))
    #expect(!changes.contains("QUFB") && !changes.contains("/two"))
  }
}
