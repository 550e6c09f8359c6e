import Rules
import TestSupport
import Testing

@testable import Main

@Suite("command line", .timeLimit(.minutes(5)))
struct ArgumentParserTests {
  static func parse(_ line: String) throws -> Invocation {
    try ArgumentParser.parse(line.split(separator: " ").map(String.init))
  }

  static func error(_ arguments: [String]) -> String {
    do throws(UsageError) {
      return "no error: \(try ArgumentParser.parse(arguments))"
    } catch {
      return "\(error.message) | \(error.hint)"
    }
  }

  static let plain = GlobalOptions()

  /// A judgement of `m`.
  static func judgement(_ kind: Judgement.Kind, _ change: (inout Judgement) -> Void = { _ in }) -> Judgement {
    var judgement = Judgement(kind, model: "m")
    change(&judgement)
    return judgement
  }

  @Test(
    "each command becomes what it says",
    arguments: [
      ("run", .run(RunOptions(), plain)),
      (
        "run --interval 10m --model m:1 --threshold .5 --window 9 --min-stats=2",
        .run(
          RunOptions(
            interval: .seconds(600), model: "m:1", rules: RuleOverrides(threshold: 0.5, window: 9, minStats: 2)), plain)
      ),
      ("check", .check(CheckOptions(), plain)),
      (
        "check --model m --dry-run --no-wait --threshold=0",
        .check(CheckOptions(model: "m", dryRun: true, noWait: true, rules: RuleOverrides(threshold: 0)), plain)
      ),
      ("status", .status(plain)),
      ("explain", .explain(ExplainOptions(), plain)),
      ("explain m", .explain(ExplainOptions(model: "m"), plain)),
      ("explain --model m", .explain(ExplainOptions(model: "m"), plain)),
      ("explain m --model m", .explain(ExplainOptions(model: "m"), plain)),
      ("history", .history(HistoryOptions(model: nil, kind: .cycles, limit: 50), plain)),
      ("history --runs --model m --limit 5", .history(HistoryOptions(model: "m", kind: .runs, limit: 5), plain)),
      ("history --events", .history(HistoryOptions(kind: .events), plain)),
      ("history --decisions", .history(HistoryOptions(kind: .decisions), plain)),
      (
        "record --model m --accepted 3 --rejected 0",
        .record(RecordOptions(model: "m", accepted: 3, rejected: 0), plain)
      ),
      (
        "record --model m --accepted=3 --rejected=1 --edited 2 --timestamp 1970-01-02 --version v2 --id x --window-minutes 60",
        .record(
          RecordOptions(
            model: "m", accepted: 3, rejected: 1, edited: 2, timestamp: Timestamp(microseconds: 86_400_000_000),
            windowMinutes: 60, version: "v2", id: "x"), plain)
      ),
      ("record --model m --rate 0.4", .record(RecordOptions(model: "m", rate: 0.4), plain)),
      ("feedback --model m --approve", .feedback(FeedbackOptions(judgement: Judgement(.approval, model: "m")), plain)),
      (
        "feedback --model m --reject --confidence 0.25 --version v --id x --timestamp 1970-01-01T00:00:01",
        .feedback(
          FeedbackOptions(
            judgement: judgement(.rejection) {
              $0.confidence = 0.25
              $0.modelVersion = "v"
              $0.id = "x"
              $0.microseconds = 1_000_000
            }), plain)
      ),
      (
        "feedback --model m --correct right --prompt p --completion=c",
        .feedback(
          FeedbackOptions(
            judgement: judgement(.correction) {
              $0.correction = "right"
              $0.prompt = "p"
              $0.completion = "c"
            }), plain)
      ),
      ("feedback --model m --edited", .feedback(FeedbackOptions(judgement: judgement(.edited)), plain)),
      ("feedback --edited --model m", .feedback(FeedbackOptions(judgement: judgement(.edited)), plain)),
      (
        "feedback --model m --edited so",
        .feedback(FeedbackOptions(judgement: judgement(.edited) { $0.correction = "so" }), plain)
      ),
      (
        "feedback --model m --edited=--so",
        .feedback(FeedbackOptions(judgement: judgement(.edited) { $0.correction = "--so" }), plain)
      ),
      ("feedback --import f", .feedback(FeedbackOptions(file: "f"), plain)),
      ("feedback --import - --model m", .feedback(FeedbackOptions(file: "-", model: "m"), plain)),
      ("retrain m", .retrain(ModelRunOptions(model: "m"), plain)),
      ("retrain --wait m", .retrain(ModelRunOptions(model: "m", wait: true), plain)),
      ("rollback m", .rollback(ModelRunOptions(model: "m", wait: true), plain)),
      ("rollback m --wait", .rollback(ModelRunOptions(model: "m", wait: true), plain)),
      ("rollback m --no-wait", .rollback(ModelRunOptions(model: "m"), plain)),
      ("retrain -- m", .retrain(ModelRunOptions(model: "m"), plain)),
      ("check-config", .checkConfig(CheckConfigOptions(), plain)),
      ("check-config --print f", .checkConfig(CheckConfigOptions(file: "f", print: true), plain)),
      ("check-config -- -f", .checkConfig(CheckConfigOptions(file: "-f"), plain)),
      ("reload", .reload(plain)),
      ("schema", .schema(SchemaOptions(), plain)),
      ("schema --postgres", .schema(SchemaOptions(dialect: .postgres), plain)),
      ("schema --sqlite", .schema(SchemaOptions(dialect: .sqlite), plain)),
      ("demo", .demo(DemoOptions(), plain)),
      ("demo --ollama m", .demo(DemoOptions(ollamaModel: "m"), plain)),
      ("version", .version(plain)),
      ("--version", .version(plain)),
      ("check --version", .version(plain)),
      ("", .help(HelpOptions(command: nil, wasAskedFor: false), plain)),
      ("help", .help(HelpOptions(), plain)),
      ("--help", .help(HelpOptions(), plain)),
      ("-h", .help(HelpOptions(), plain)),
      ("help --help", .help(HelpOptions(), plain)),
      ("help check", .help(HelpOptions(command: .check), plain)),
      ("check --help", .help(HelpOptions(command: .check), plain)),
      ("-h check", .help(HelpOptions(command: .check), plain)),
      ("retrain --help", .help(HelpOptions(command: .retrain), plain)),
    ] as [(String, Invocation)])
  func commands(line: String, expected: Invocation) throws {
    #expect(try Self.parse(line) == expected)
  }

  @Test(
    "options of every command stand before or behind it",
    arguments: [
      "--config f --state-dir d --json --no-color status", "status --config f --state-dir d --json --no-color",
      "--config=f status --json --state-dir=d --no-color", "--json status --config f --no-color --state-dir d --json",
    ])
  func global(line: String) throws {
    #expect(try Self.parse(line) == .status(GlobalOptions(config: "f", stateDirectory: "d", json: true, noColor: true)))
  }

  @Test("a value may hold what else would end it")
  func values() throws {
    #expect(try Self.parse("--config=a=b status").global.config == "a=b")
    #expect(try Self.parse("--config=--json status").global == GlobalOptions(config: "--json"))
    #expect(
      try ArgumentParser.parse(["record", "--model", "m", "--rate", "1", "--version", "a b"])
        == .record(RecordOptions(model: "m", rate: 1, version: "a b"), Self.plain))
  }

  @Test("what the command line says of the configuration")
  func overrides() throws {
    var flags = FlagOverrides()
    flags.config = "f"
    flags.stateDirectory = "d"
    flags.interval = .seconds(1)
    flags.model = "m"
    flags.rules.threshold = 0.5
    #expect(try Self.parse("run --config f --state-dir d --interval 1s --model m --threshold 0.5").overrides == flags)
    flags = FlagOverrides()
    flags.modelWhereNone = "m"
    #expect(try Self.parse("check --model m").overrides == flags)
    flags = FlagOverrides()
    flags.config = "f"
    #expect(try Self.parse("check-config --config f").overrides == flags)
    flags.configNamedBy = "the argument"
    #expect(try Self.parse("check-config f").overrides == flags)
  }

  @Test(
    "an error says what is wrong and what to do",
    arguments: [
      ("chekc", "there is no command \"chekc\" | Did you mean check?"),
      ("checkconfig", "there is no command \"checkconfig\" | Did you mean check-config?"),
      ("hist", "there is no command \"hist\" | Did you mean history?"),
      ("frobnicate", "there is no command \"frobnicate\" | See retraind --help."),
      ("help chek", "there is no command \"chek\" | Did you mean check?"),
      ("check --dryrun", "check has no option --dryrun | Did you mean --dry-run?"),
      ("check --modle m", "check has no option --modle | Did you mean --model?"),
      ("check -model m", "check has no option -model | Did you mean --model?"),
      ("check -x", "check has no option -x | See retraind check --help."),
      ("check --accepted 1", "check has no option --accepted | It is an option of record."),
      (
        "status --model m",
        "status has no option --model | It is an option of run, check, explain, history, record, feedback."
      ),
      (
        "--dry-run check",
        "there is no option --dry-run before a command | It stands behind the command: retraind check --dry-run"
      ),
      ("--jsn check", "there is no option --jsn before a command | Did you mean --json?"),
      (
        "--config",
        "--config needs a value | Write --config FILE: read this configuration instead of searching for one."
      ),
      (
        "--config= status",
        "--config needs a value | Write --config FILE: read this configuration instead of searching for one."
      ),
      ("check --model --json", "--model needs a value | Write --model M: only this model."),
      ("--json=yes status", "--json takes no value | Write --json alone."),
      ("check --model a --model b", "--model stands twice | Write it once."),
      ("--config a status --config a", "--config stands twice | Write it once."),
      (
        "check m:7b",
        "check takes no argument \"m:7b\" | Did you mean --model m:7b?\nUsage: \(HelpText.usage(of: CommandSpec.of(.check)))"
      ),
      ("status x", "status takes no argument \"x\" | Usage: retraind status"),
      ("retrain a b", "retrain takes no argument \"b\" | Usage: retraind retrain MODEL [--wait]"),
      ("retrain", "retrain needs MODEL: the model's name | For example: retraind retrain llama3.2:3b --wait"),
      (
        "rollback m:7b-retraind-previous",
        "MODEL: the name \"m:7b-retraind-previous\" is a version that retraind keeps to go back to: name the model itself | See retraind rollback --help."
      ),
      (
        "record --accepted 1 --rejected 1 --model m-retraind-previous-standby",
        "--model: the name \"m-retraind-previous-standby\" is a version that retraind keeps to go back to: name the model itself | See retraind record --help."
      ),
      ("retrain :", "MODEL: the name \":\" has nothing on one side of a : or @ | See retraind retrain --help."),
      (
        "retrain a/../b",
        "MODEL: the name \"a/../b\" has the part \"..\": names are no paths | See retraind retrain --help."
      ),
      (
        "retrain -- -m",
        "MODEL: the name \"-m\" begins with \"-\": a program would take it for an option | See retraind retrain --help."
      ),
      ("explain a --model b", "explain is asked about a and about b | Name one of them."),
      ("history --runs --events", "--runs and --events exclude each other | Name one of them."),
      ("history --limit 0", "--limit: 0 is too small | Must be between 1 and 100000."),
      ("check-config f --config g", "check-config is given a FILE and --config | Name one of them."),
      ("run --interval -5m", "--interval: -5m is negative: must be at least 1s | See retraind run --help."),
      (
        "run --interval 60",
        "--interval: 60 has no unit: write 60s for seconds or 60m for minutes | See retraind run --help."
      ),
      ("run --threshold 40", "--threshold: 40 is not a rate: rates are between 0 and 1 | Did you mean 0.40?"),
      ("run --threshold 60%", "--threshold: 60% is not a rate: rates are between 0 and 1 | Did you mean 0.60?"),
      ("run --threshold NaN", "--threshold: NaN is not a rate | Rates are between 0 and 1."),
      ("run --threshold -0.1", "--threshold: -0.1 is not a rate: rates are between 0 and 1 | See retraind run --help."),
      ("run --threshold high", "--threshold: high is not a number | Write it like 0.6."),
      ("run --window 0", "--window: 0 is too small | Must be between 1 and 1000."),
      ("run --min-stats 2.5", "--min-stats: 2.5 is not a whole number | Must be between 1 and 1000."),
      (
        "record",
        "record needs --model M: the model that the cycle is about | For example: retraind record --model llama3.2:3b --accepted 12 --rejected 8"
      ),
      (
        "record --model m",
        "record needs --accepted N: answers that were accepted | For example: retraind record --model llama3.2:3b --accepted 12 --rejected 8"
      ),
      (
        "record --model m --accepted 1",
        "record needs --rejected N: answers that were rejected | For example: retraind record --model llama3.2:3b --accepted 12 --rejected 8"
      ),
      (
        "record --model m --accepted 1 --rejected 1 --rate 0.5",
        "--rate stands beside counts | Leave --rate out: the rate follows from --accepted and --rejected."
      ),
      (
        "record --model m --accepted -1 --rejected 1",
        "--accepted: -1 is negative | A cycle cannot have fewer than 0 judgements."
      ),
      ("record --model m --accepted 1e9 --rejected 1", "--accepted: 1e9 is not written in digits | Write 1000000000."),
      ("record --model m --accepted 1,000 --rejected 1", "--accepted: 1,000 is not a whole number | Write 1000."),
      ("record --model m --accepted 0x10 --rejected 1", "--accepted: 0x10 is not written in digits | Write 16."),
      (
        "record --model m --accepted 99999999999999999999 --rejected 1",
        "--accepted: 99999999999999999999 is too large | Must be between 0 and 1000000000000000."
      ),
      (
        "record --model m --accepted many --rejected 1",
        "--accepted: many is not a whole number | Must be between 0 and 1000000000000000."
      ),
      ("record --model m --rate 40", "--rate: 40 is not a rate: rates are between 0 and 1 | Did you mean 0.40?"),
      (
        "record --model m --rate 1 --window-minutes 0",
        "--window-minutes: 0 is too small | Must be between 1 and 5256000."
      ),
      (
        "record --model m --rate 1 --timestamp yesterday",
        "--timestamp: yesterday is not a time | Write it like 2026-11-23T14:37:14Z."
      ),
      (
        "record --model m --rate 1 --timestamp 2026-02-29",
        "--timestamp: 2026-02-29 names a day that does not exist | See retraind record --help."
      ),
      ("--config ~/x status", "--config: ~/x begins with ~, which only a shell understands | Write the whole path."),
    ])
  func errors(line: String, expected: String) {
    #expect(Self.error(line.split(separator: " ").map(String.init)) == expected)
  }

  @Test("strange arguments are errors, never crashes")
  func strange() {
    #expect(Self.error([""]) == "the command is empty | See retraind --help.")
    #expect(Self.error(["-"]) == "there is no command \"-\" | See retraind --help.")
    #expect(Self.error(["--model", ""]).hasPrefix("there is no option --model before a command"))
    #expect(Self.error(["check", "--model", ""]) == "--model needs a value | Write --model M: only this model.")
    #expect(Self.error(["check", "--model=\u{1B}[31m"]).contains("\u{1B}") == false)
    #expect(Self.error(["\u{1B}[31m"]) == "there is no command \"\u{FFFD}[31m\" | See retraind --help.")
    #expect(
      Self.error([String(repeating: "x", count: 70_000)])
        == "an argument has more than 65536 bytes | See retraind --help.")
    #expect(
      Self.error(Array(repeating: "x", count: 1001)) == "there are more than 1000 arguments | See retraind --help.")
    #expect(
      Self.error(["record", "--model", "m", "--rate", "1", "--id", "a\u{7}"])
        == "--id: it contains a control character | See retraind record --help.")
    #expect(UsageError("a", hint: "b").description == "retraind: a\nb")
    #expect(UsageError.exitCode == 64)
  }

  @Test("random arguments are read or refused with a hint")
  func random() {
    var generator = SeededGenerator(seed: 3)
    let words =
      CommandSpec.all.flatMap { spec in [spec.name.rawValue] + spec.options.map(\.name) }
      + CommandSpec.global.map(\.name) + ["-1", "0.5", "m", "--", "-", "=", "--model=", "--x=y", "10m", "", "é", "-h"]
    var accepted = 0
    for _ in 0..<3000 {
      let count = Int.random(in: 0...6, using: &generator)
      let line = (0..<count).map { _ in words[Int.random(in: 0..<words.count, using: &generator)] }
      do throws(UsageError) {
        _ = try ArgumentParser.parse(line)
        accepted += 1
      } catch {
        #expect(!error.message.isEmpty && !error.hint.isEmpty && !error.message.contains("\n"), "\(line)")
      }
    }
    #expect(accepted > 0 && accepted < 3000)
  }
}

@Suite("times on the command line", .timeLimit(.minutes(5)))
struct TimestampArgumentTests {
  @Test(
    "reads instants",
    arguments: [
      ("1970-01-01", 0), ("1970-01-01T00:00:00Z", 0), ("2026-11-23T14:37:14.915Z", 1_795_444_634_915_000),
      ("2026-11-23 14:37:14,915", 1_795_444_634_915_000), ("2026-11-23T15:37:14.915+01:00", 1_795_444_634_915_000),
      ("2026-11-23T13:07:14.915-0130", 1_795_444_634_915_000), ("2026-11-23t14:37z", 1_795_444_620_000_000),
      ("2026-11-23T14:37:14.9151239+00", 1_795_444_634_915_123), ("2024-02-29", 1_709_164_800_000_000),
      ("2000-03-01", 951_868_800_000_000), ("9999-12-31T23:59:59Z", 253_402_300_799_000_000),
      ("2016-12-31T23:59:60Z", 1_483_228_800_000_000),
    ] as [(String, Int64)])
  func read(text: String, expected: Int64) throws {
    #expect(try TimestampArgument.parse(text).microseconds == expected)
  }

  @Test(
    "refuses what is none",
    arguments: [
      "", "now", "1764000000", "2026-1-1", "2026-13-01", "2026-00-01", "2026-02-30", "1900-02-28", "2026-11-23T",
      "2026-11-23T24:00", "2026-11-23T14:60", "2026-11-23T14:37:61", "2026-11-23T14:37:14.", "2026-11-23T14:37:14ZZ",
      "2026-11-23T14:37:14+1", "2026-11-23T14:37:14+01:", "2026-11-23Z", "20261123", "2026-11-23T14", "٢٠٢٦-11-23",
    ])
  func refuse(text: String) {
    #expect(throws: FieldProblem.self) { try TimestampArgument.parse(text) }
  }
}
