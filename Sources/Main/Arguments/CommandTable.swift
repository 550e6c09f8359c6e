extension CommandSpec {
  /// Options of a rule that `run` and `check` share.
  private static let ruleOptions = [
    OptionSpec("--threshold", value: "X", "fire below this mean accept rate, 0 to 1"),
    OptionSpec("--window", value: "N", "look at the newest N cycles"),
    OptionSpec("--min-stats", value: "N", "need at least N cycles"),
  ]
  /// `--model` where it picks one.
  private static let oneModel = OptionSpec("--model", value: "M", "only this model")
  /// A model that is needed.
  private static let requiredModel = PositionalSpec(name: "MODEL", isRequired: true, summary: "the model's name")

  /// Options of `feedback` that say more of one judgement.
  static let detailsOfJudgement = [
    "--prompt", "--completion", "--version", "--confidence", "--timestamp", "--id",
  ]

  /// Every command, in the order of the help.
  static let all: [CommandSpec] = [
    CommandSpec(
      .run, "watch the accept rates and refresh models (the daemon, in the foreground)",
      details: """
        HUP reads the configuration again, USR1 writes the status, TERM ends after the work at hand.
        Options win over environment and configuration file.
        """,
      usage: "[--interval D] [--model M] [--threshold X] [--window N] [--min-stats N]",
      options: [
        OptionSpec("--interval", value: "D", "time between two checks, such as 60m"),
        OptionSpec("--model", value: "M", "the model that rows are about which name none"),
      ] + ruleOptions,
      examples: [
        Example("retraind run", "check every 60 minutes"),
        Example("retraind run --interval 10m --model llama3.2:3b", "check one model's rows every 10 minutes"),
      ]),
    CommandSpec(
      .check, "make one check now, act on it, and say how things stand",
      details: """
        Exit 0 healthy, 1 insufficient, stale or unattributed, 2 degraded, 3 error or failed action, 69 a model that
        nothing here knows.
        """,
      usage: "[--model M] [--dry-run] [--no-wait] [--threshold X] [--window N] [--min-stats N]",
      options: [
        oneModel, OptionSpec("--dry-run", "evaluate only: record nothing, refresh nothing"),
        OptionSpec("--no-wait", "do not wait for the run that it starts"),
      ] + ruleOptions,
      examples: [
        Example("retraind check --dry-run", "what would happen"),
        Example("retraind check --model llama3.2:3b --json", "one model, for a program"),
      ]),
    CommandSpec(
      .status, "show what the daemon is doing",
      examples: [
        Example("retraind status", "a page for people"), Example("retraind status --json", "everything, for a program"),
      ]),
    CommandSpec(
      .explain, "show the last decision on a model with its numbers",
      details: "Exit 69 where there is no decision on MODEL.",
      usage: "[MODEL]",
      positionals: [PositionalSpec(name: "MODEL", isRequired: false, summary: "the model; without it, every model")],
      options: [oneModel],
      examples: [Example("retraind explain llama3.2:3b", "why it was refreshed, or why not")]),
    CommandSpec(
      .history, "list cycles, runs, events, decisions or notices, newest first",
      details: """
        Exit 0 also where nothing is listed. Of a model that nothing here knows, --json lists nothing; else exit 69.
        """,
      usage: "[--model M] [--runs|--events|--decisions|--notices] [--limit N]",
      options: [
        oneModel, OptionSpec("--runs", "what was done to models"), OptionSpec("--events", "what was told to the store"),
        OptionSpec("--decisions", "what was decided, and why"),
        OptionSpec("--notices", "what people were told, and what did not arrive"),
        OptionSpec("--limit", value: "N", "at most N rows (\(HistoryOptions.defaultLimit) without it)"),
      ],
      examples: [
        Example("retraind history --runs", "the last runs"),
        Example("retraind history --model llama3.2:3b --decisions --limit 5", "the last five decisions on a model"),
      ]),
    CommandSpec(
      .record, "add a learning cycle to the store",
      details: """
        A cycle that began before the model last changed is no evidence on the version that serves now. It begins
        --window-minutes before its timestamp; without that it is taken to begin at the model's cycle before it or
        at the last change, whichever is later, and `interval` (60 minutes) before its timestamp at the earliest.
        """,
      usage: """
        --model M (--accepted N --rejected N [--edited N] | --rate X) [--timestamp T]
                        [--window-minutes N] [--version V] [--id ID]
        """,
      options: [
        OptionSpec("--model", value: "M", "the model that the cycle is about"),
        OptionSpec("--accepted", value: "N", "answers that were accepted"),
        OptionSpec("--rejected", value: "N", "answers that were rejected"),
        OptionSpec("--edited", value: "N", "answers that were edited"),
        OptionSpec("--rate", value: "X", "the accept rate, 0 to 1, where nobody counted"),
        OptionSpec(
          "--timestamp", value: "T", "end of the cycle, such as 2026-11-23T14:37:14Z; UTC without a zone (default: now)"
        ),
        OptionSpec("--window-minutes", value: "N", "length of the cycle in minutes (its default and use: see above)"),
        OptionSpec("--version", value: "V", "the model's version"),
        OptionSpec("--id", value: "ID", "the cycle's id (a new one without it): the same twice is one cycle"),
      ],
      examples: [
        Example("retraind record --model llama3.2:3b --accepted 12 --rejected 8", "a cycle that ends now"),
        Example("retraind record --model llama3.2:3b --rate 0.40", "a rate that nobody counted"),
      ]),
    CommandSpec(
      .feedback, "add a judgement of an answer, or a file of them",
      details: """
        The daemon makes cycles of judgements (`learning` in the configuration). FILE has one JSON object a line with
        event_type (approval, rejection, correction, edited), model, and where known model_version, confidence_score,
        created_at, submission_id, prompt, completion, correction, id; - is standard input.
        Exit 0 recorded or already there, 3 where a line or an id was refused, 69 where there is no FILE.
        """,
      usage: """
        --model M (--approve | --reject | --correct TEXT | --edited [TEXT]) [--prompt TEXT]
                          [--completion TEXT] [--version V] [--confidence X] [--timestamp T] [--id ID]
                          | [--model M] --import FILE
        """,
      options: [
        OptionSpec("--model", value: "M", "the model that was judged; with --import, that of lines which name none"),
        OptionSpec("--approve", "the answer was accepted"),
        OptionSpec("--reject", "it was not"),
        OptionSpec("--correct", value: "TEXT", "it was wrong, and this is right"),
        OptionSpec("--edited", value: "TEXT", isValueOptional: true, "it was changed before use (into this)"),
        OptionSpec("--prompt", value: "TEXT", "what the model was asked"),
        OptionSpec("--completion", value: "TEXT", "what it answered"),
        OptionSpec("--version", value: "V", "the model's version"),
        OptionSpec("--confidence", value: "X", "how sure the model was, 0 to 1 (0: not known)"),
        OptionSpec(
          "--timestamp", value: "T",
          "when it was judged, such as 2026-11-23T14:37:14Z; UTC without a zone (default: now)"),
        OptionSpec("--id", value: "ID", "the judgement's id (a new one without it): the same twice is one"),
        OptionSpec("--import", value: "FILE", "add the judgements of a file of JSON lines; again adds none twice"),
      ],
      examples: [
        Example("retraind feedback --model llama3.2:3b --approve", "an answer that was accepted"),
        Example("retraind feedback --model llama3.2:3b --correct 'Bern' --prompt 'Capital?'", "what would be right"),
        Example("retraind feedback --import judgements.jsonl", "a file of them"),
      ]),
    CommandSpec(
      .retrain, "refresh a model now, whatever its accept rate",
      details: """
        A daemon carries it out, and answers once it is recorded; without one, the command does it itself,
        where there is state already: it makes none (`run`, `check`, `record` and `feedback` do).
        A name that no cycle, judgement, configuration or run that succeeded has, nor the model server, is refused.
        Exit 0 if it was taken (with --wait: if it succeeded), 3 if it failed, 69 for a name that nothing knows.
        """,
      usage: "MODEL [--wait]", positionals: [requiredModel],
      options: [OptionSpec("--wait", "wait for the end of the run")],
      examples: [Example("retraind retrain llama3.2:3b --wait", "refresh it and see how it ends")]),
    CommandSpec(
      .rollback, "put the version of a model back that served before",
      details: """
        It waits for the outcome: exit 0 where that version serves again, 3 where not, 69 for a name that nothing
        knows.
        """,
      usage: "MODEL [--wait|--no-wait]", positionals: [requiredModel],
      options: [
        OptionSpec("--wait", "wait for the end of the run, which it does anyway"),
        OptionSpec("--no-wait", "answer once it is recorded; `history --runs` has the outcome"),
      ],
      examples: [Example("retraind rollback llama3.2:3b", "undo the last refresh")]),
    CommandSpec(
      .doctor, "look at everything, and say what is wrong, why, and what to type",
      details: """
        Configuration, state directory, database, daemon, model server, Supabase, cycles, log, clock and limits, all
        at once and within two seconds. It changes and creates nothing.
        Exit 0 if nothing is wrong (notes are no fault), 1 with warnings, 3 with errors.
        """,
      examples: [
        Example("retraind doctor", "what is wrong here?"),
        Example("retraind doctor --state-dir /var/lib/retraind", "what is wrong with the service?"),
        Example("retraind doctor --json", "for a program"),
      ]),
    CommandSpec(
      .checkConfig, "check the configuration and say what is wrong with it",
      details: "Exit 0 if it can be used, 78 if not.",
      usage: "[--print] [FILE]",
      positionals: [
        PositionalSpec(name: "FILE", isRequired: false, summary: "the file; without it, the one that `run` would find")
      ],
      options: [OptionSpec("--print", "print the effective configuration, and where each value comes from")],
      examples: [
        Example("retraind check-config", "check what `run` would use"),
        Example("retraind check-config --print new.json5", "what a file means"),
      ]),
    CommandSpec(
      .reload, "make the running daemon read its configuration again",
      examples: [Example("retraind reload", "the same as SIGHUP, with the outcome")]),
    CommandSpec(
      .notifyTest, "send a test message to everybody who is told, and say what came of it",
      details: """
        It reads the configuration anew and needs no daemon; one that runs is not asked.
        Exit 0 if every message has arrived, 3 if not, 69 if nobody is to be told.
        """,
      examples: [
        Example("retraind notify-test", "whether messages arrive, and what to do where not"),
        Example("retraind notify-test --json", "for a program"),
      ]),
    CommandSpec(
      .schema, "print the SQL that makes the store's tables",
      details: "Without an option, the SQL of the store that the configuration names.",
      usage: "[--postgres|--sqlite]",
      options: [
        OptionSpec("--postgres", "for Postgres and Supabase, with grants and policies"),
        OptionSpec("--sqlite", "for SQLite"),
      ],
      examples: [
        Example("retraind schema --postgres", "what a project's SQL editor takes, or psql"),
        Example("retraind schema --sqlite", "what the embedded store looks like"),
      ]),
    CommandSpec(
      .demo, "see it work on stand-ins, in a temporary directory",
      details: "With --ollama the cycles are invented too, but that model is really pulled from its registry.",
      usage: "[--ollama MODEL]",
      options: [
        OptionSpec("--ollama", value: "MODEL", "really refresh this model, at $OLLAMA_HOST or 127.0.0.1:11434")
      ],
      examples: [Example("retraind demo", "a decline and a refresh in a few seconds")]),
    CommandSpec(.version, "show the version", examples: [Example("retraind version --json", "for a program")]),
    CommandSpec(
      .help, "show help, also about a command", usage: "[COMMAND]",
      positionals: [PositionalSpec(name: "COMMAND", isRequired: false, summary: "the command")],
      examples: [Example("retraind help check", "the same as retraind check --help")]),
  ]
}
