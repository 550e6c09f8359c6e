import Testing

@testable import Main

@Suite("help", .timeLimit(.minutes(5)))
struct HelpTextTests {
  @Test("the help of the program: examples first")
  func top() {
    #expect(
      HelpText.top() == """
        retraind keeps a local model good: it refreshes it when people accept less of what it says.

        Examples:
          retraind demo                     see it work, on stand-ins
          retraind run --model llama3.2:3b  watch a model, refresh it when people reject it
          retraind check --dry-run          how do the models stand?

        Commands:
          run           watch the accept rates and refresh models (the daemon, in the foreground)
          check         make one check now, act on it, and say how things stand
          status        show what the daemon is doing
          explain       show the last decision on a model with its numbers
          history       list cycles, runs, events, decisions or notices, newest first
          record        add a learning cycle to the store
          feedback      add a judgement of an answer, or a file of them
          retrain       refresh a model now, whatever its accept rate
          rollback      put the version of a model back that served before
          doctor        look at everything, and say what is wrong, why, and what to type
          check-config  check the configuration and say what is wrong with it
          reload        make the running daemon read its configuration again
          notify-test   send a test message to everybody who is told, and say what came of it
          schema        print the SQL that makes the store's tables
          demo          see it work on stand-ins, in a temporary directory
          version       show the version
          help          show help, also about a command

        Options of every command:
          --config FILE           read this configuration instead of searching for one
          --state-dir DIR         keep database, log and status in DIR
          --json                  print JSON for programs
          --no-color              print without colours
          -h, --help              show help
          --version               show the version

        retraind COMMAND --help tells more about a command.

        """)
  }

  @Test("the help of a command")
  func check() {
    #expect(
      HelpText.of(.check) == """
        retraind check [--model M] [--dry-run] [--no-wait] [--threshold X] [--window N] [--min-stats N]

        Make one check now, act on it, and say how things stand.
        Exit 0 healthy, 1 insufficient, stale or unattributed, 2 degraded, 3 error or failed action, 69 a model that
        nothing here knows.

        Examples:
          retraind check --dry-run                   what would happen
          retraind check --model llama3.2:3b --json  one model, for a program

        Options:
          --model M               only this model
          --dry-run               evaluate only: record nothing, refresh nothing
          --no-wait               do not wait for the run that it starts
          --threshold X           fire below this mean accept rate, 0 to 1
          --window N              look at the newest N cycles
          --min-stats N           need at least N cycles

        Options of every command:
          --config FILE           read this configuration instead of searching for one
          --state-dir DIR         keep database, log and status in DIR
          --json                  print JSON for programs
          --no-color              print without colours
          -h, --help              show help

        """)
  }

  @Test("the help of a command with an argument")
  func retrain() {
    #expect(
      HelpText.of(.retrain).hasPrefix(
        """
        retraind retrain MODEL [--wait]

        Refresh a model now, whatever its accept rate.
        A daemon carries it out, and answers once it is recorded; without one, the command does it itself,
        where there is state already: it makes none (`run`, `check`, `record` and `feedback` do).
        A name that no cycle, judgement, configuration or run that succeeded has, nor the model server, is refused.
        Exit 0 if it was taken (with --wait: if it succeeded), 3 if it failed, 69 for a name that nothing knows.

        Examples:
          retraind retrain llama3.2:3b --wait  refresh it and see how it ends

        Arguments:
          MODEL                   the model's name

        Options:
          --wait                  wait for the end of the run

        """))
  }

  @Test("every command is described, with examples that work", arguments: CommandName.allCases)
  func complete(name: CommandName) throws {
    let spec = CommandSpec.of(name)
    #expect(!spec.summary.isEmpty && !spec.examples.isEmpty)
    for example in spec.examples {
      let words = example.command.split(separator: " ").map(String.init)
      #expect(words.first == "retraind" && words.dropFirst().first == name.rawValue)
      #expect(throws: Never.self) { try ArgumentParser.parse(Array(words.dropFirst())) }
    }
    let help = HelpText.of(name)
    for option in spec.options { #expect(help.contains("  \(option.name)")) }
    for line in help.split(separator: "\n") {
      #expect(line.count <= 110, "\(line)")
      #expect(!line.hasSuffix(" "))
    }
    #expect(Set(spec.options.map(\.name)).count == spec.options.count)
  }
}
