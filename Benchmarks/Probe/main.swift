// What a supervisor of the library `Supervision` costs, one figure a line: the counterpart of
// Benchmarks/Peers/supervision.escript, same commands, same figures. `Benchmarks supervision` runs both.
//
//   SupervisionProbe KIND COMMAND NUMBER...
//
// KIND: fixed    children given in the specification
//       added    children added one by one
//       pool     a pool, children added one by one

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What the command line asks for.
private func run(_ arguments: [String]) async throws {
  let numbers = arguments.dropFirst(2).compactMap { Int($0) }
  guard arguments.count >= 3, numbers.count == arguments.count - 2, let kind = Kind(rawValue: arguments[0]) else {
    throw Refusal(text: "usage: SupervisionProbe fixed|added|pool COMMAND NUMBER...")
  }
  switch (arguments[1], numbers.count) {
  case ("restarts", 4):
    try await Restarts(kind: kind, children: numbers[0])
      .report(batches: numbers[1], perBatch: numbers[2], pause: .microseconds(numbers[3]))
  case ("memory", 1): try await Population(kind: kind, children: numbers[0]).memory(body: idleBody)
  case ("quiet", 1): try await Population(kind: kind, children: numbers[0]).memory(body: quietBody)
  case ("startstop", 1): try await Population(kind: kind, children: numbers[0]).startAndStop()
  case ("snapshot", 2): try await Population(kind: kind, children: numbers[0]).snapshots(runs: numbers[1])
  case ("idle", 1): try await Population(kind: kind, children: numbers[0]).idle()
  case ("bare", 1): await Population(kind: kind, children: numbers[0]).bare()
  case ("delayed", 1): try await Population(kind: kind, children: numbers[0]).delayed()
  default: throw Refusal(text: "unknown: \(arguments.dropFirst().joined(separator: " "))")
  }
}

/// Why nothing was measured.
struct Refusal: Error {
  /// What is wrong, for people.
  let text: String
}

do {
  try await run(Array(CommandLine.arguments.dropFirst()))
} catch {
  let text = Array("SupervisionProbe: \((error as? Refusal)?.text ?? "\(error)")\n".utf8)
  _ = write(STDERR_FILENO, text, text.count)
  exit(64)
}
