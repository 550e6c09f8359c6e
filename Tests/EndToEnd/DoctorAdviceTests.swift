import Glibc
import Platform
import Testing

/// What the doctor says of a daemon that runs, and where people are not told.
@Suite("doctor beside a daemon", .serialized, .timeLimit(.minutes(5)))
struct DoctorAdviceTests {
  @Test("A model without cycles on which nothing is done any more is told of, with a daemon and without")
  func circuit() async throws {
    try await World.with(["--models", "a:7b"]) { world in
      // One that somebody has judged: of a name that nothing knows nothing is begun.
      try await world.succeed(["feedback", "--model", "nosuch:1b", "--approve"])
      let daemon = try await world.daemon()
      #expect(try await world.run(["retrain", "nosuch:1b", "--wait"]).code != 0)
      let words = "nothing is done on nosuch:1b by itself any more"
      let with = try await DoctorReport.of(world) { $0.faults.contains { $0.contains(words) } }
      #expect(with.faults == ["warning daemon: \(words)"], "\(with.lines)")
      #expect(try await world.succeed(["status"]).output.contains(words))
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
      let without = try await DoctorReport.of(world) { $0.faults.contains { $0.contains(words) } }
      #expect(without.faults == with.faults, "\(without.lines)")
      #expect(try await world.succeed(["status"]).output.contains(words))
    }
  }

  @Test("A daemon that waits for a database that somebody else has locked is not in trouble itself")
  func locked() async throws {
    try await World.with(["--models", "a:7b"]) { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      let daemon = try await world.daemon()
      let database = try SQLiteDatabase(path: world.databasePath)
      try database.execute(script: "BEGIN IMMEDIATE")
      // Silent for another reason, as it is while it waits: so no look is too early.
      daemon.send(SIGSTOP)
      let report = try await DoctorReport.of(world) { $0.lines.contains { $0.contains("does not answer") } }
      daemon.send(SIGCONT)
      try database.execute(script: "ROLLBACK")
      database.close()
      #expect(report.faults == ["error database: process \(getpid()) has \(world.databasePath) locked"])
      #expect(report.lines.contains { $0.hasPrefix("note daemon: the daemon (pid \(daemon.pid)) does not answer") })
    }
  }

  @Test("Sinks that cannot be used, before anything is told and after")
  func sinks() async throws {
    try await World.with(["--models", "a:7b"]) { world in
      let (absent, plain) = (world.path("absent"), world.path("plain"))
      try Files.write("text", to: plain)
      try world.configure(
        """
        { notify: [
          { type: "command", name: "pager", program: "\(absent)" },
          { type: "command", name: "mail", program: "\(plain)" },
          { type: "command", name: "fine", program: "/bin/true" },
          { type: "webhook", name: "hook", url: "http://127.0.0.1:1/", secretFile: "\(world.path("secret"))" },
        ] }
        """)
      let checked = try await world.run(["check-config"])
      #expect(checked.code == 0)
      #expect(checked.error.contains("warning: notify.pager.program: there is no file \(absent)"), "\(checked.error)")
      #expect(checked.error.contains("warning: notify.mail.program: \(plain) may not be executed"))
      #expect(!checked.error.contains("fine"))
      let report = try await DoctorReport.of(world) { $0.faults.count == 3 }
      #expect(
        report.faults
          == ["pager", "mail", "hook"].map { "warning notify: \($0) is not told: it cannot be used" }, "\(report.lines)"
      )
      #expect(report.type(of: "hook is not told")?.hasPrefix("retraind ") == true)
      #expect(report.type(of: "hook is not told")?.contains(" notify-test") == true)
    }
  }
}
