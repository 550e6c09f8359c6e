// Measures a release binary of retraind beside the Python loop that it replaces, and the library `Supervision` beside
// Erlang/OTP's supervisor. Prints Markdown.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Runs the sections; gives the exit code.
func measure(_ arguments: [String]) -> Int32 {
  let binary = getenv("RETRAIND_BINARY").map { String(cString: $0) }
  do {
    guard let options = try Options(arguments: arguments, binaryFromEnvironment: binary) else {
      print(Options.help)
      return 0
    }
    let scratch = try makeTemporaryDirectory()
    defer { removeTree(scratch) }
    var budgets = Budgets()
    print(machineText())
    for section in options.sections {
      let report =
        switch section {
        case .footprint: try Footprint(options: options, scratch: scratch).report(&budgets)
        case .check: try CheckSpeed(options: options, scratch: scratch).single(&budgets)
        case .growth: try CheckSpeed(options: options, scratch: scratch).growth(&budgets)
        case .store: try StoreSpeed(options: options, scratch: scratch).report(&budgets)
        case .supervision: try Supervision(options: options, scratch: scratch).report(&budgets)
        }
      print("\n## \(section.title)\n\n\(report)")
      fflush(nil)
    }
    let missed = budgets.missed
    print("\n" + (missed.isEmpty ? "Every budget is met." : "Missed: " + missed.joined(separator: "; ")))
    return options.isStrict && !missed.isEmpty ? 1 : 0
  } catch {
    say("\(error)")
    return 70
  }
}

exit(measure(Array(CommandLine.arguments.dropFirst())))
