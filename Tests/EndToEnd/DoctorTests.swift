import Glibc
import Platform
import PostgRESTStandIn
import Rules
import Testing

@Suite("doctor", .serialized, .timeLimit(.minutes(5)))
struct DoctorTests {
  /// Nobody listens there.
  private static let nowhere = "http://127.0.0.1:1"

  private typealias Report = DoctorReport

  /// Asks the doctor until it says what is waited for.
  private func doctor(
    _ world: World, state: String? = nil, _ variables: [String: String] = [:],
    until isTold: (Report) -> Bool
  ) async throws -> Report { try await DoctorReport.of(world, state: state, variables, until: isTold) }

  @Test("Nothing configured and nothing there, in an empty directory: it says what to do, and makes nothing")
  func nothing() async throws {
    try await World.with(nil) { world in
      let child = try world.start(Binaries.retraind, ["doctor", "--json"], ["OLLAMA_HOST": Self.nowhere])
      #expect(try await child.waitForEnd() == .exit(3), "\(child.error)")
      let document = try JSONValue(parsing: child.output)
      #expect(document["errors"].count == 1)
      let report = Report(
        finished: Finished(end: .exit(3), output: child.output, error: child.error), document: document)
      #expect(report.faults == ["error ollama: Ollama does not answer at \(Self.nowhere)"])
      #expect(report.type(of: "there is no state at \(world.path("data/retraind.db"))") == "retraind run")
      for name in ["data", "logs", "retraind.json5"] { #expect(!Files.exists(world.path(name))) }
      #expect(Files.names(in: world.state).isEmpty)
    }
  }

  @Test("Everything is well: only notes, and exit 0, also for people")
  func healthy() async throws {
    try await World.with(["--models", "a:7b"]) { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      _ = try await world.daemon()
      let report = try await doctor(world) { $0.finished.code == 0 }
      #expect(report.finished.code == 0, "\(report.finished.output)")
      #expect(report.faults.isEmpty)
      #expect(report.lines.contains { $0.hasPrefix("note daemon: a daemon is running (pid ") })
      #expect(report.lines.contains { $0.hasPrefix("note ollama: Ollama ") && $0.hasSuffix("has 1 model") })
      #expect(report.document["milliseconds"].count != nil)
      let page = try await world.run(["doctor"])
      #expect(page.output.contains("Nothing is wrong (") || page.code != 0, "\(page.output)")
    }
  }

  @Test("A model that the server has under another tag, and rows without a model")
  func models() async throws {
    try await World.with(["--models", "a:7b,b:7b"]) { world in
      try await world.seed(["a:8b"], [90, 90, 90])
      try world.execute("INSERT INTO learning_stats (timestamp, accepted, rejected) VALUES ('2026-01-05', 9, 1)")
      let report = try await doctor(world) { $0.faults.count == 2 }
      #expect(report.finished.code == 1, "\(report.lines)")
      #expect(
        report.faults == [
          "warning ollama: a:8b is not on the server",
          "warning cycles: rows name no model, and none is configured",
        ])
      #expect(report.type(of: "a:8b is not") == "a:7b   # in its place, or: ollama pull a:8b")
      #expect(report.type(of: "rows name no model") == "model: \"a:7b\"   # in retraind.json5, or --model a:7b")
    }
  }

  @Test("A version that was replaced and is still loaded, where none is kept")
  func oldRunner() async throws {
    try await World.with(["--models", "a:7b,b:7b", "--loaded", "a:7b,b:7b", "--changing"]) { world in
      try await world.seed(["a:7b"])
      try world.configure(#"{ ollama: { transport: "api", backup: false } }"#)
      _ = try await world.daemon()
      try await world.waitForRun("succeeded", model: "a:7b")
      let told = "warning ollama: an older version of a:7b is still loaded"
      let report = try await doctor(world) { $0.faults.contains(told) }
      #expect(report.faults.contains(told), "\(report.lines)")
      #expect(report.lines.contains("note ollama: ollama.backup is false: no version is kept to go back to"))
      #expect(!report.lines.contains { $0.contains("b:7b") })
    }
  }

  @Test("A database that another program has locked, and who that is")
  func locked() async throws {
    try await World.with(["--models", "a:7b"]) { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      let database = try SQLiteDatabase(path: world.databasePath)
      try database.execute(script: "BEGIN IMMEDIATE")
      let before = Set(Files.names(in: world.state))
      let report = try await doctor(world) { !$0.faults.isEmpty }
      #expect(report.finished.code == 3)
      #expect(report.faults == ["error database: process \(getpid()) has \(world.databasePath) locked"])
      #expect(report.type(of: "locked") == "ps -fp \(getpid())")
      #expect(Set(Files.names(in: world.state)) == before)
      try database.execute(script: "ROLLBACK")
      database.close()
      #expect(try await doctor(world) { $0.faults.isEmpty }.faults.isEmpty)
    }
  }

  @Test("A file that is damaged, one that is none, and one of a newer version; nothing is made or changed")
  func damaged() async throws {
    try await World.with(["--models", "a:7b"]) { world in
      // Enough rows for pages that only a look at all of them reads.
      try await world.seed((0..<400).map { "model-\($0):7b" }, [90, 90, 90])
      try world.execute("PRAGMA wal_checkpoint(TRUNCATE)")
      let descriptor = open(world.databasePath, O_RDWR)
      let size = lseek(descriptor, 0, SEEK_END)
      let rubbish = [UInt8](repeating: 0xA5, count: 8192)
      for place in stride(from: off_t(size / 2), to: size - 8192, by: 16_384) {
        pwrite(descriptor, rubbish, rubbish.count, place)
      }
      close(descriptor)
      let before = Files.names(in: world.state).sorted()
      let damaged = try await doctor(world) { $0.faults.contains { $0.hasSuffix("is damaged") } }
      #expect(damaged.finished.code == 3)
      #expect(damaged.faults.contains("error database: \(world.databasePath) is damaged"), "\(damaged.lines)")
      #expect(damaged.type(of: "is damaged")?.contains(".recover") == true)
      #expect(Files.names(in: world.state).sorted() == before)

      let other = world.path("other")
      mkdir(other, 0o700)
      try Files.write("this is a letter, and not a short one".padding(2000), to: "\(other)/retraind.db")
      let letter = try await doctor(world, state: other) { $0.faults.contains { $0.hasSuffix("cannot be used") } }
      #expect(letter.faults.contains("error database: \(other)/retraind.db cannot be used"), "\(letter.lines)")
      #expect(Files.names(in: other) == ["retraind.db"])

      let newer = world.path("newer")
      try await world.seed(["a:7b"], [90], state: newer)
      let database = try SQLiteDatabase(path: "\(newer)/retraind.db")
      try database.run("PRAGMA user_version = 999")
      database.close()
      let future = try await doctor(world, state: newer) { !$0.faults.isEmpty }
      #expect(future.faults == ["error database: a newer version of retraind wrote \(newer)/retraind.db"])
    }
  }

  @Test("Stages of a state directory that nobody can use")
  func directories() async throws {
    try await World.with(["--models", "a:7b"]) { world in
      try Files.write("", to: world.path("file"))
      let below = try await doctor(world, state: world.path("file/state")) { !$0.faults.isEmpty }
      #expect(below.finished.code == 3)
      #expect(
        below.faults.contains { $0.hasPrefix("error state: \(world.path("file")) is in the way") }, "\(below.lines)")
      let folder = world.path("folder")
      mkdir(folder, 0o700)
      mkdir("\(folder)/retraind.db", 0o700)
      let taken = try await doctor(world, state: folder) { !$0.faults.isEmpty }
      #expect(taken.faults == ["error database: \(folder)/retraind.db is no file"])
      // Root may write whatever the mode says.
      let closed = world.path("closed")
      mkdir(closed, 0o555)
      if geteuid() != 0 {
        let denied = try await doctor(world, state: closed) { !$0.faults.isEmpty }
        #expect(denied.faults.first?.hasPrefix("error state: \(closed) cannot be written by this user") == true)
      }
      chmod(closed, 0o777)
      let open = try await doctor(world, state: closed) { !$0.faults.isEmpty }
      #expect(open.faults == ["warning state: every user of this machine may write into \(closed)"])
      #expect(open.finished.code == 1)
      #expect(Files.names(in: closed).isEmpty)
    }
  }

  @Test(
    "A directory on a file system that is mounted read-only",
    .enabled(if: geteuid() == 0 && access("/usr/bin/unshare", X_OK) == 0))
  func readOnly() async throws {
    try await World.with(["--models", "a:7b"]) { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      let script = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" || exit 99; shift; exec \"$@\""
      let words = try ["-m", "/bin/sh", "-c", script, "sh", world.state, Binaries.retraind]
      let child = try world.start("/usr/bin/unshare", words + ["doctor", "--state-dir", world.state])
      #expect(try await child.waitForEnd() == .exit(3), "\(child.error)")
      #expect(child.output.contains("state: \(world.state) is on a file system that is mounted read-only"))
    }
  }

  @Test("A configuration that cannot be used: each error, and the rest that can be looked at")
  func configuration() async throws {
    try await World.with(nil) { world in
      try world.configure("{ windw: 3, threshold: 40 }")
      let finished = try await world.run(["doctor", "--json"])
      let report = Report(finished: finished, document: try finished.json())
      #expect(finished.code == 3)
      #expect(
        report.faults == [
          "error configuration: retraind.json5:1:3: windw: unknown key; did you mean window?",
          "error configuration: retraind.json5:1:24: threshold: 40 is not a rate: rates are between 0 and 1; did you mean 0.40?",
        ], "\(report.lines)")
      #expect(report.lines.contains { $0.hasPrefix("note daemon: no daemon runs on") })
    }
  }

  @Test("Supabase: well, without its tables, with the wrong key, and never the key itself")
  func supabase() async throws {
    let store = PostgRESTStandIn()
    defer { store.stop() }
    try await World.with(["--models", "a:7b"]) { world in
      try world.configure("{ model: 'a:7b' }")
      func look(_ key: String, _ isTold: (Report) -> Bool) async throws -> Report {
        let report = try await doctor(
          world, ["SUPABASE_URL": store.url, "SUPABASE_SERVICE_ROLE_KEY": key], until: isTold)
        #expect(!report.finished.output.contains(key))
        #expect(!report.finished.error.contains(key))
        return report
      }
      let well = try await look(StandInProject.secretKey) { $0.faults.isEmpty }
      #expect(well.finished.code == 0, "\(well.lines)")
      #expect(well.lines.contains("note supabase: learning_stats shows no row"))

      store.withProject { project in
        project.tables["system_events"] = nil
        project.tables["learning_stats"] = nil
      }
      let missing = try await look(StandInProject.secretKey) { $0.faults.count == 2 }
      #expect(
        missing.faults == [
          "error supabase: learning_stats is missing", "warning supabase: system_events is missing",
        ], "\(missing.lines)")
      #expect(missing.type(of: "learning_stats is missing")?.contains("schema --postgres") == true)

      store.withProject { $0.tables["learning_events"] = nil }
      let none = try await look(StandInProject.secretKey) { $0.faults.count == 4 }
      #expect(none.faults.contains("error supabase: there is no table that events could go to"), "\(none.lines)")

      let wrong = try await look("sb_secret_of-another-project") {
        $0.faults.contains { $0.contains("does not accept") }
      }
      #expect(wrong.faults == ["error supabase: \(store.url) does not accept the key"], "\(wrong.lines)")
      // It only looks.
      #expect(store.calls.allSatisfy { $0.name.hasPrefix("GET ") })
      #expect(Files.names(in: world.state).isEmpty)
    }
  }

  @Test("A daemon that is stopped does not answer, and is named")
  func silentDaemon() async throws {
    try await World.with(["--models", "a:7b"]) { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      let daemon = try await world.daemon()
      daemon.send(SIGSTOP)
      let report = try await doctor(world) { $0.faults.contains { $0.contains("does not answer at") } }
      #expect(report.finished.code == 3)
      #expect(
        report.faults.contains(
          "error daemon: the daemon (pid \(daemon.pid)) does not answer at \(world.statePath("control.sock"))"),
        "\(report.lines)")
      daemon.send(SIGCONT)
      #expect(try await doctor(world) { $0.faults.isEmpty }.faults.isEmpty)
    }
  }
}

extension String {
  /// This, repeated until it has so many characters.
  fileprivate func padding(_ count: Int) -> String {
    String(String(repeating: self, count: count / max(1, self.count) + 1).prefix(count))
  }
}
