/// A whole `retraind check` beside a whole run of the Python one-shot on a database with the same rows.
struct CheckSpeed {
  /// What the command line asks for.
  let options: Options
  /// A directory for everything that is written.
  let scratch: String

  /// A command, and what it must answer.
  private struct Command {
    /// What the report calls it.
    let name: String
    /// The command line.
    let arguments: [String]
    /// Its times.
    var samples = Samples()
  }

  /// Measures one check beside the one-shot, and gives the section's Markdown.
  func single(_ budgets: inout Budgets) throws(Failure) -> String {
    let store = try self.store("check", models: 1)
    let peer = try self.store("one-shot", models: 1)
    var commands = [
      Command(name: "`retraind check`", arguments: check(store)),
      Command(name: "Python one-shot", arguments: oneShot(peer)),
      Command(name: "Python one-shot without requests", arguments: oneShot(peer) + ["--lean"]),
    ]
    say("timing \(commands.count) commands, \(options.runs) times each")
    try time(&commands, runs: options.runs)

    var table = Table("whole process, one model", "median (range)", "ratio to retraind", "budget")
    let mine = commands[0].samples.median
    table.add(commands[0].name, commands[0].samples.text, "1.0", "")
    let ratio = commands[1].samples.median / mine
    table.add(
      commands[1].name, commands[1].samples.text, fixed(ratio, 1),
      budgets.atLeast(20, ratio, unit: "×", of: "check beside the Python one-shot"))
    table.add(commands[2].name, commands[2].samples.text, fixed(commands[2].samples.median / mine, 1), "")
    return table.markdown
  }

  /// Numbers of models that growth is measured over.
  static let sizes = [1, 100, 1000, 10_000]
  /// How many times more a further model may cost among thousands than among hundreds before growth counts as worse than
  /// linear: caches and deeper trees cost something, and a quadratic check would cost about ten times more.
  static let linearTolerance = 2.0
  /// The least that a further model is taken to cost, in milliseconds, where noise hides it.
  static let leastCost = 0.0001

  /// Measures checks over more and more models, and gives the section's Markdown.
  func growth(_ budgets: inout Budgets) throws(Failure) -> String {
    var table = Table("models", "`retraind check`", "`retraind check --dry-run`", "Python one-shot", "ratio")
    var medians: [Double] = []
    for size in Self.sizes {
      say("timing a check over \(size) models, \(options.growthRuns) times")
      let store = try self.store("growth-\(size)", models: size)
      let peer = try self.store("growth-one-shot-\(size)", models: size)
      var commands = [
        Command(name: "check", arguments: check(store)),
        Command(name: "dry-run", arguments: check(store) + ["--dry-run"]),
        Command(name: "Python", arguments: oneShot(peer)),
      ]
      try time(&commands, runs: options.growthRuns)
      let mine = commands[0].samples.median
      medians.append(mine)
      table.add(
        "\(size)", commands[0].samples.text, commands[1].samples.text, commands[2].samples.text,
        fixed(commands[2].samples.median / mine, 1))
    }
    let few = max(Self.leastCost, (medians[2] - medians[1]) / Double(Self.sizes[2] - Self.sizes[1]))
    let many = max(Self.leastCost, (medians[3] - medians[2]) / Double(Self.sizes[3] - Self.sizes[2]))
    var limits = Table("a further model costs", "among 100–1,000", "among 1,000–10,000", "linear or better")
    let verdict = budgets.atMost(Self.linearTolerance, many / few, unit: "×", of: "growth of a check")
    limits.add("`retraind check`", "\(fixed(few * 1000, 1)) µs", "\(fixed(many * 1000, 1)) µs", verdict)
    return table.markdown + "\n\n" + limits.markdown
  }

  /// A store for one side: whoever closes the last connection deletes the log that the other one would use again.
  private func store(_ name: String, models: Int) throws(Failure) -> SeededStore {
    try SeededStore(directory: scratch + "/" + name, models: models, retraind: options.retraind)
  }

  private func check(_ store: SeededStore) -> [String] {
    [options.retraind, "check", "--state-dir", store.directory, "--json"]
  }

  private func oneShot(_ store: SeededStore) -> [String] {
    [options.python, options.peer, "--once", "--sqlite", store.database]
  }

  /// Runs the commands in turn, so that what disturbs the machine disturbs all of them; the first round only warms up,
  /// and proves that each says what it should.
  private func time(_ commands: inout [Command], runs: Int) throws(Failure) {
    for round in 0...runs {
      for place in commands.indices {
        // Each round begins with another one: none always follows the same neighbour.
        let index = (place + round) % commands.count
        let output = scratch + "/output.txt"
        let child = try ChildProcess(
          commands[index].arguments, in: scratch, output: round == 0 ? output : "/dev/null")
        let ending = try child.wait()
        guard ending.code == 0 else {
          throw Failure("\(commands[index].name) ended with \(ending.code)\n\(child.shownErrors)")
        }
        if round > 0 {
          commands[index].samples.add(ending.took)
        } else if !(contents(of: output) + contents(of: child.errors)).contains("healthy") {
          throw Failure("\(commands[index].name) does not find the models healthy\n\(child.shownErrors)")
        }
      }
    }
  }
}
