import Glibc
import Platform
import Testing

@Suite("What somebody is told who does not know it yet", .timeLimit(.minutes(5)))
struct NewcomerTests {
  @Test("A model that nothing knows is told with the name that was meant, and what only looks refuses it")
  func typos() async throws {
    try await World.with(["--models", "llama3.2:b3"]) { world in
      let empty = try await world.run(["check", "--model", "llama3.2:3b"])
      #expect(empty.code == 1, "where nothing is known, any name is as good: \(empty.error)")
      try await world.seed(["llama3.2:3b"], [90, 90, 90])
      let meant = "did you mean llama3.2:3b"
      for (command, code) in [
        (["explain", "llama3.2:b3"], 69), (["check", "--model", "llama3.2:b3"], 69),
        (["check", "--dry-run", "--model", "llama3.2:b3"], 69), (["history", "--model", "llama3.2:b3"], 69),
        (["rollback", "llama3.2:3d"], 69),
      ] {
        let refused = try await world.run(command)
        #expect(refused.code == Int32(code), "\(command): \(refused.output) \(refused.error)")
        #expect(refused.error.contains(meant), "\(command): \(refused.error)")
      }
      #expect(try world.count("FROM retraind_decisions WHERE model LIKE '%b3'") == 0)
      let far = try await world.run(["explain", "something-else"])
      #expect(far.code == 69)
      #expect(far.error.contains("known: llama3.2:3b"), "\(far.error)")

      let approve = ["feedback", "--model", "llama3.2:b3", "--approve"]
      #expect(try await world.succeed(approve).error.contains(meant))
      #expect(try await world.succeed(approve).error == "", "it is known by now")
      let cycle = ["record", "--model", "llama3.2:3d", "--accepted", "1", "--rejected", "1"]
      #expect(try await world.succeed(cycle).error.contains("is new here"))
      #expect(try await world.succeed(cycle).error == "", "it is known by now")
      #expect(try await world.run(["retrain", "llama3.3:3b"]).error.contains("is new here"))
      // The same name, written in another way.
      try await world.seed(["mine:latest"], [90, 90, 90])
      #expect(try await world.run(["check", "--model", "mine"]).code == 0)
    }
  }

  @Test("A cycle or judgement that says nothing, or of long ago, is refused with its reason")
  func nonsense() async throws {
    try await World.with(nil) { world in
      let record = ["record", "--model", "a:7b", "--accepted"]
      let counts = ["5", "--rejected", "5"]
      for (arguments, why) in [
        (record + ["0", "--rejected", "0"], "nothing was accepted or rejected"),
        (record + counts + ["--timestamp", "1990-01-01"], "before 2015-01-01"),
        (record + counts + ["--timestamp", "9999-01-01T00:00:00Z"], "in the future"),
        (["feedback", "--model", "a:7b", "--approve", "--timestamp", "1990-01-01"], "before 2015-01-01"),
      ] {
        let refused = try await world.run(arguments)
        #expect(refused.code == 64, "\(arguments): \(refused.output)")
        #expect(refused.error.contains(why), "\(arguments): \(refused.error)")
      }
      #expect(try world.count("FROM learning_stats") == 0)
      // Without a zone it is UTC.
      try await world.succeed(record + counts + ["--timestamp", "2024-11-24 10:00"])
      #expect(
        try world.query(["timestamp"], "FROM learning_stats").first?.first??.hasPrefix("2024-11-24T10:00:00") == true)
    }
  }

  @Test("The same cycle again says that nothing was written, also by a daemon")
  func again() async throws {
    try await World.with(nil) { world in
      let cycle = ["record", "--model", "a:7b", "--accepted", "5", "--rejected", "5", "--id", "x"]
      #expect(try await world.succeed(cycle).output == "recorded cycle x of a:7b, its first\n")
      #expect(try await world.succeed(cycle).output.contains("was already there"))
      _ = try await world.daemon()
      #expect(try await world.succeed(cycle).output.contains("was already there"))
      let json = try await world.succeed(cycle + ["--json"]).json()
      #expect(json["outcome"].text == "already_there")
    }
  }

  @Test("An endless file ends the import with its line, and what stands before it is in")
  func endless() async throws {
    try await World.with(nil) { world in
      let zero = try await world.run(["feedback", "--import", "/dev/zero", "--model", "a:7b"])
      #expect(zero.code == 3)
      #expect(zero.error.contains("/dev/zero:1:"), "\(zero.error)")
      let line = "{\"type\":\"approval\",\"model\":\"a:7b\"}\n"
      let path = world.path("long.jsonl")
      try Files.write(line + String(repeating: "x", count: 18 << 20), to: path)
      let long = try await world.run(["feedback", "--import", path])
      #expect(long.code == 3)
      #expect(long.error.contains("\(path):2: the line has more than"), "\(long.error)")
      #expect(try world.count("FROM learning_events") == 1)
    }
  }

  @Test(
    "A state directory that is a file is a wrong configuration, whoever finds it",
    arguments: [
      ["run"], ["check"], ["check", "--dry-run"], ["status"], ["history"], ["retrain", "a:7b"],
      ["record", "--model", "a:7b", "--accepted", "1", "--rejected", "1"],
      ["feedback", "--model", "a:7b", "--approve"],
    ])
  func noDirectory(arguments: [String]) async throws {
    try await World.with(nil) { world in
      let file = world.path("file")
      try Files.write("", to: file)
      let refused = try await world.run(arguments, state: file)
      #expect(refused.code == 78, "\(refused.error)")
      #expect(refused.error.contains("\(file) is not a directory"), "\(refused.error)")
    }
  }

  @Test("Where somebody holds the database, a daemon that does not answer is not called stopped")
  func held() async throws {
    try await World.with(nil) { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      let daemon = try await world.daemon()
      let holder = try SQLiteDatabase(path: world.databasePath)
      try holder.execute(script: "BEGIN IMMEDIATE")
      // Whatever else the daemon waits for, it does not answer.
      daemon.send(SIGSTOP)
      let status = try await world.run(["status"])
      daemon.send(SIGCONT)
      try holder.execute(script: "ROLLBACK")
      #expect(status.code == 75)
      #expect(
        status.error.contains("process \(getpid()) holds its database \(world.databasePath) locked"), "\(status.error)")
      #expect(!status.error.contains("is it stopped?"))
    }
  }

  @Test("A check without a daemon carries out what an earlier command left unfinished")
  func unfinished() async throws {
    try await World.with(["--models", "a:7b", "--changing", "--speed", "5"]) { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      let retrain = try world.retraind(["retrain", "a:7b"])
      let standIn = try #require(world.standIn)
      try await waitUntil("the pull") { try standIn.count("pull-start") == 1 || retrain.end != nil }
      retrain.send(SIGKILL)
      _ = try await retrain.waitForEnd()
      let check = try await world.run(["check"])
      #expect(check.code == 0, "\(check.error)")
      #expect(check.error.contains("was left unfinished, went on: succeeded"), "\(check.error)")
      #expect(try world.runs().map(\.state) == ["succeeded"])
    }
  }

  @Test("What is told reads well: rates of rows without one, no empty mean, no word twice")
  func words() async throws {
    try await World.with(["--models", "a:7b", "--changing"]) { world in
      try await world.seed(["a:7b"])
      #expect(try await world.succeed(["history", "--limit", "1"]).output.contains("a:7b  0.200  20 accepted"))
      let check = try await world.run(["check"])
      #expect(check.output.contains("succeeded: updated"), "\(check.output)")
      #expect(!check.output.contains("→"), "\(check.output)")
      let alone = world.path("alone")
      #expect(try await world.run(["check", "--model", "b:7b"], state: alone).code == 1)
      let explain = try await world.succeed(["explain"], state: alone)
      #expect(explain.output.contains("no usable cycle, 3 needed"), "\(explain.output)")
      let option = try await world.run(["retrain", "--model", "a:7b"])
      #expect(option.code == 64)
      #expect(option.error.contains("Write MODEL without it: retraind retrain MODEL [--wait]"), "\(option.error)")
      #expect(try await world.succeed(["check-config", "--print"]).output.contains("notify: [],"))
    }
  }
}
