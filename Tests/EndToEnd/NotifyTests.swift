import Glibc
import Platform
import Testing

/// People are told, by the real binary: over HTTP and by programs.
@Suite("Being told", .timeLimit(.minutes(5)))
struct NotifyTests {
  private static let serving = ["--models", "a:7b", "--changing"]

  @Test("a decline is told through a failure, signed, once, and not again by the next daemon")
  func course() async throws {
    try await World.with(Self.serving) { world in
      let receiver = try WebhookReceiver()
      let secret = try WebhookCheck.place(in: world)
      receiver.play("/hook", .status(500, ["Retry-After": "0"]))
      try world.configure(
        #"{ notify: [ { type: "webhook", url: "\#(receiver.url)/hook", secretFile: "\#(secret)" } ] }"#)
      try await world.seed(["a:7b"])
      var daemon = try await world.daemon()
      try await waitUntil("three requests") { receiver.calls().count >= 3 }
      try await waitUntil("both delivered") {
        try world.count("FROM retraind_notifications WHERE state = 'delivered'") == 2
      }
      let status = try await world.status()["sinks"][0]
      #expect(status["state"].text == "ok" && status["delivered"].count == 2 && status["pending"].count == 0)
      #expect(status["last_failure"].text?.contains("answers 500") == true)
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
      // Nothing has changed: the next one has nothing to tell.
      daemon = try await world.daemon()
      try await waitUntil("another check") { try world.count("FROM retraind_decisions") >= 2 }
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))

      #expect(try receiver.types("/hook") == ["model.degraded", "model.degraded", "run.succeeded"])
      let calls = receiver.calls()
      #expect(calls[0].id == calls[1].id && calls[0].body == calls[1].body && calls[1].id != calls[2].id)
      for call in calls {
        #expect(call.headers["webhook-signature"] == (try await WebhookCheck.signature(of: call, in: world)))
        #expect(call.headers["content-type"] == "application/json")
        #expect(try call.json()["data"]["event_id"].text == call.id)
        #expect(try call.json()["data"]["model"].text == "a:7b")
        #expect(call.body.utf8.count < 20_000)
      }
      let listed = try await world.succeed(["history", "--notices", "--json"]).json()
      #expect(listed.elements.map { $0["event"].text } == ["succeeded", "degraded"])
      for text in [Files.text(world.logPath), Files.text(world.statePath("status.json")), daemon.error] {
        #expect(!text.contains("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw") && !text.contains("/hook\""))
      }
    }
  }

  @Test("killed while the receiver has the message and has not answered: it comes again under the same id")
  func killed() async throws {
    try await World.with(Self.serving) { world in
      let receiver = try WebhookReceiver()
      let secret = try WebhookCheck.place(in: world)
      receiver.play("/hook", .silence)
      try world.configure(
        #"""
        { notify: [ { type: "webhook", url: "\#(receiver.url)/hook", secretFile: "\#(secret)", events: ["degraded"] } ] }
        """#)
      try await world.seed(["a:7b"])
      let first = try world.retraind(["run"])
      try await waitUntil("the message") { receiver.calls().count == 1 }
      first.send(SIGKILL)
      #expect(try await first.waitForEnd() == .signal(SIGKILL))
      let second = try await world.daemon()
      try await waitUntil("the delivery") {
        try world.count("FROM retraind_notifications WHERE state = 'delivered'") == 1
      }
      second.send(SIGTERM)
      #expect(try await second.waitForEnd() == .exit(0))
      #expect(receiver.calls().count == 2)
      #expect(Set(receiver.calls().map(\.id)).count == 1)
    }
  }

  @Test("A program that outlived a killed daemon is ended by the next one, which tells again")
  func orphanedProgram() async throws {
    try await World.with(Self.serving) { world in
      let program = world.path("bin/tell")
      // The first one never ends and heeds no TERM; the next ones are quick.
      try Files.write(
        "#!/bin/sh\necho $$ >> '\(world.path("pids"))'\n[ $(wc -l < '\(world.path("pids"))') -gt 1 ] && exit 0\n"
          + "trap '' TERM\nwhile :; do sleep 100; done\n", to: program)
      chmod(program, 0o755)
      try world.configure(
        #"{ notify: [ { type: "command", program: "\#(program)", timeout: "5m", events: ["degraded"] } ] }"#)
      try await world.seed(["a:7b"])
      let first = try await world.daemon()
      try await waitUntil("the program") { Files.lines(world.path("pids")).count == 1 }
      let orphan = try #require(pid_t(Files.lines(world.path("pids"))[0]))
      first.send(SIGKILL)
      #expect(try await first.waitForEnd() == .signal(SIGKILL))
      #expect(world.processes(named: "sh").contains(orphan))
      _ = try await world.daemon()
      try await waitUntil("the delivery") {
        try world.count("FROM retraind_notifications WHERE state = 'delivered'") == 1
      }
      try await waitUntil("the end of the orphan") { !world.processes(named: "sh").contains(orphan) }
    }
  }

  @Test("one that stalls, one that is gone and one that redirects hold up nobody, and the status says what to do")
  func troubles() async throws {
    try await World.with(Self.serving) { world in
      let receiver = try WebhookReceiver()
      let secret = try WebhookCheck.place(in: world)
      receiver.play("/stall", .silence)
      receiver.play("/gone", .status(410))
      receiver.play("/moved", .status(308, ["Location": "\(receiver.url)/elsewhere"]))
      let sinks = ["stall", "gone", "moved", "fine"].map { name in
        #"{ type: "webhook", name: "\#(name)", url: "\#(receiver.url)/\#(name)", secretFile: "\#(secret)", "#
          + #"timeout: "\#(name == "stall" ? "2s" : "1m")" }"#
      }
      try world.configure("{ notify: [ \(sinks.joined(separator: ", ")) ] }")
      try await world.seed(["a:7b"])
      let daemon = try await world.daemon()
      try await waitUntil("everything but what stalled once") {
        try world.count("FROM retraind_notifications WHERE state <> 'pending'") == 8
      }
      let status = try await world.status()["sinks"].elements
      #expect(status.map { $0["name"].text } == ["stall", "gone", "moved", "fine"])
      #expect(status.map { $0["delivered"].count } == [2, 0, 1, 2])
      #expect(status.map { $0["dead"].count } == [0, 2, 1, 0])
      #expect(status[0]["last_failure"].text?.contains("no complete answer within 2 seconds") == true)
      #expect(status[1]["state"].text == "gone")
      #expect(status[1]["problem"].text?.contains("remove the sink") == true)
      #expect(status[2]["dead_why"].text?.contains("write its new address into url") == true)
      #expect(receiver.calls("/gone").count == 1)
      #expect(receiver.calls("/elsewhere").isEmpty)
      let words = try await world.succeed(["status"]).output
      #expect(words.contains("gone: gone, 0 pending, 0 delivered, 2 given up, never told yet"))
      let gone = "warning notify: gone is not told any more: its receiver is gone"
      let report = try await DoctorReport.of(world) { $0.faults.contains(gone) }
      #expect(report.faults.contains(gone), "\(report.lines)")
      let reload = try await world.succeed(["reload"]).output
      #expect(reload.contains("notify.gone: it is told again ("), "\(reload)")
      #expect(report.faults.contains("warning notify: 2 notices for gone were given up"))
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
    }
  }

  @Test("a program is told in its environment, and no shell reads what it is told")
  func program() async throws {
    try await World.with(["--models", "a:7b"]) { world in
      try Files.write(
        "#!/bin/sh\n/usr/bin/env | /usr/bin/grep -a '^RETRAIND_\\|^SUPABASE' >> \"$1\"\necho \"$2\" >> \"$1\"\n",
        to: world.path("bin/tell"))
      chmod(world.path("bin/tell"), 0o755)
      let told = world.path("told")
      try world.configure(
        #"{ notify: [ { type: "command", program: "tell", arguments: ["\#(told)", "$(touch pwned)"], events: ["degraded"] } ] }"#
      )
      try await world.seed(["a:7b"])
      let daemon = try await world.daemon([], ["SUPABASE_ANON_KEY": "hidden"])
      try await waitUntil("the program's words") { Files.text(told).contains("RETRAIND_PAYLOAD=") }
      try await waitUntil("the delivery") {
        try world.count("FROM retraind_notifications WHERE state = 'delivered'") == 1
      }
      let text = Files.text(told)
      #expect(text.contains("RETRAIND_EVENT=degraded\n"))
      #expect(text.contains("RETRAIND_MODEL=a:7b\n"))
      #expect(text.contains("RETRAIND_TEXT=a:7b: degraded, mean accept rate 0.400"))
      #expect(text.contains("$(touch pwned)\n"))
      #expect(!text.contains("hidden"))
      #expect(!Files.exists(world.path("pwned")))
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
    }
  }

  @Test("notify-test says of each sink what happened, with and without a daemon, and its exit code is the worst")
  func notifyTest() async throws {
    try await World.with(nil) { world in
      let receiver = try WebhookReceiver()
      let secret = try WebhookCheck.place(in: world)
      #expect(try await world.run(["notify-test"]).code == 69)
      try world.configure(#"{ notify: [ { type: "webhook" } ] }"#)
      #expect(try await world.run(["notify-test"]).code == 78)

      let fine = #"{ type: "webhook", name: "fine", url: "\#(receiver.url)/fine", secretFile: "\#(secret)" }"#
      try world.configure("{ notify: [ \(fine) ] }")
      let good = try await world.succeed(["notify-test", "--json"])
      #expect(try good.json()[0]["delivered"] == .flag(true))
      let call = try #require(receiver.calls("/fine").first)
      #expect(try call.json()["type"].text == "test")
      #expect(call.headers["webhook-signature"] == (try await WebhookCheck.signature(of: call, in: world)))
      // It makes no state.
      #expect(!Files.exists(world.databasePath))

      receiver.play("/refuses", .status(401), .status(401))
      let bad = [
        fine, #"{ type: "webhook", name: "refuses", url: "\#(receiver.url)/refuses", secretFile: "\#(secret)" }"#,
        #"{ type: "webhook", name: "secretless", url: "\#(receiver.url)/none", secretFile: "nothing-here" }"#,
        #"{ type: "command", name: "fails", program: "/bin/sh", arguments: ["-c", "echo out of paper >&2; exit 7"] }"#,
        #"{ type: "command", name: "missing", program: "/no/such/program" }"#,
      ]
      try world.configure("{ notify: [ \(bad.joined(separator: ", ")) ] }")
      for isBesideDaemon in [false, true] {
        let daemon = isBesideDaemon ? try await world.daemon() : nil
        let finished = try await world.run(["notify-test"])
        #expect(finished.code == 3)
        let lines = finished.output.split(separator: "\n")
        #expect(lines.count == 5)
        #expect(lines[0].contains("told  fine"))
        #expect(
          lines[1].contains("refuses") && lines[1].contains("answers 401: does the receiver have the same secret"))
        #expect(lines[2].contains("secretless") && lines[2].contains("nothing-here does not exist: write"))
        #expect(lines[3].contains("fails: /bin/sh exited with 7: out of paper"))
        #expect(lines[4].contains("missing: /no/such/program"))
        daemon?.send(SIGTERM)
        if let daemon { #expect(try await daemon.waitForEnd() == .exit(0)) }
      }
      #expect(receiver.calls("/none").isEmpty)
    }
  }

  @Test("a sink whose secret is missing is told once a reload finds it; one that leaves gives up what waits for it")
  func reload() async throws {
    try await World.with(Self.serving) { world in
      let receiver = try WebhookReceiver()
      let late = #"{ type: "webhook", name: "late", url: "\#(receiver.url)/late", secretFile: "secret" }"#
      let leaving = #"{ type: "webhook", name: "leaving", url: "\#(receiver.url)/x", secretFile: "never" }"#
      try world.configure("{ notify: [ \(late), \(leaving) ] }")
      try await world.seed(["a:7b"])
      let daemon = try await world.daemon()
      try await waitUntil("four notices") { try world.count("FROM retraind_notifications") == 4 }
      let status = try await world.status()["sinks"].elements
      #expect(status.map { $0["state"].text } == ["unusable", "unusable"])
      #expect(status[0]["problem"].text?.contains("secretFile secret does not exist") == true)
      #expect(receiver.calls().isEmpty)
      _ = try WebhookCheck.place(in: world)
      try world.configure("{ notify: [ \(late) ] }")
      try await world.succeed(["reload"])
      try await waitUntil("both") { receiver.calls("/late").count == 2 }
      try await waitUntil("the end of what waited") {
        try world.count("FROM retraind_notifications WHERE sink = 'leaving' AND state = 'dead'") == 2
      }
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
    }
  }

  @Test("a check without a daemon tells before it ends")
  func oneShot() async throws {
    try await World.with(Self.serving) { world in
      let receiver = try WebhookReceiver()
      let secret = try WebhookCheck.place(in: world)
      try world.configure(
        #"{ notify: [ { type: "webhook", url: "\#(receiver.url)/hook", secretFile: "\#(secret)" } ] }"#)
      try await world.seed(["a:7b"])
      #expect(try await world.run(["check"]).code == 2)
      #expect(try receiver.types("/hook") == ["model.degraded", "run.succeeded"])
      #expect(try world.count("FROM retraind_notifications WHERE state = 'delivered'") == 2)
    }
  }
}
