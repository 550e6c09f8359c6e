#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

let usage = """
  A stand-in for the Ollama server and the `ollama` program that plays what the real ones were recorded to do.

  ollama-stand-in serve [--port 0] [--port-file FILE] [--log FILE] [--speed 20] [--lifetime 120] [--recordings DIR]
                        [--models m:7b,other:7b] [--registry more:7b] [--loaded m:7b] [--changing]
                        [--scenario m:7b=S10+S01,other:7b=S06.2] [--as first|second|client2]
  ollama-stand-in judge --log FILE       exit 1 where pulls overlapped
  ollama-stand-in cli ...                as `ollama ...`; also when it is run under the name `ollama`
  ollama-stand-in self-check [--recordings DIR]

  `serve` ends after --lifetime seconds, or with the process that started it.

  """

/// Says on stderr why it ends.
func fail(_ failure: StandInFailure, code: Int32) -> Never {
  let text = Array("ollama-stand-in: \(failure)\n".utf8)
  _ = write(2, text, text.count)
  exit(code)
}

let words = CommandLine.arguments
let program = words.first?.split(separator: "/").last ?? ""
do throws(StandInFailure) {
  if program == "ollama" {
    exit(CommandLineProgram(Array(words.dropFirst())).run())
  }
  let rest = Array(words.dropFirst(2))
  switch words.dropFirst().first {
  case "serve": try Server(ServeOptions(rest)).run()
  case "cli": exit(CommandLineProgram(rest).run())
  case "judge": exit(try judge(rest))
  case "self-check": exit(try selfCheck(rest))
  case "--help", "help": print(usage, terminator: "")
  default: throw StandInFailure("say serve, judge, cli or self-check; --help tells more")
  }
} catch {
  fail(error, code: 64)
}
