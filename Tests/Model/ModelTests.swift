import Supervision
import SupervisionTesting
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Random trees under random commands, held against a plain model of what a supervisor ought to do.
///
/// `SUPERVISION_SEED` goes through one seed alone, `SUPERVISION_SEEDS` says how many there are: the run under the thread
/// sanitizer takes fewer, and what is printed says how many it were.
///
/// The parts run one after the other: they compute without a pause, and would keep the threads from other tests.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ModelTests {
  /// How many seeds there are, where nobody says otherwise.
  static let seeds = 10_000
  /// Into how many parts they are divided.
  static let parts = 20

  /// From how many courses on it is looked at what happens in them.
  static let enough = 500
  /// One in so many courses, at least, sees each kind of event.
  static let rarest = 100

  /// The value of a variable of the environment, where it is a number.
  static func number(_ name: String) -> UInt64? {
    getenv(name).flatMap { UInt64(String(cString: $0)) }
  }

  /// The seeds of a part.
  static func seeds(part: Int) -> any Sequence<UInt64> {
    if let seed = number("SUPERVISION_SEED") { return part == 0 ? [seed] : [] }
    let count = number("SUPERVISION_SEEDS") ?? UInt64(seeds)
    return stride(from: UInt64(part), to: count, by: parts)
  }

  @Test("a supervisor does what the model says, whatever comes in whatever order", arguments: 0..<parts)
  func course(part: Int) throws {
    var count = 0
    var seen: [String: Int] = [:]
    for seed in Self.seeds(part: part) {
      count += 1
      do {
        var course = try Course(seed: seed)
        try course.go()
        for kind in course.kinds { seen[kind, default: 0] += 1 }
      } catch {
        Issue.record("SUPERVISION_SEED=\(seed) swift test --filter ModelTests.ModelTests\n\(error)")
        return
      }
    }
    let kinds = seen.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    print("ModelTests: part \(part): \(count) seeds; courses with: \(kinds.joined(separator: ", "))")
    // Courses in which nothing happens would prove nothing.
    guard count >= Self.enough else { return }
    for kind in Course.allKinds { #expect(seen[kind, default: 0] * Self.rarest >= count, "\(kind) is too rare") }
  }

  @Test("a seed is one course, also where it is run again")
  func replay() throws {
    for seed in 0..<50 as Range<UInt64> {
      let traces = try (0..<2).map { _ in
        var course = try Course(seed: seed)
        try course.go()
        return course.simulation.events
      }
      #expect(traces[0] == traces[1], "seed \(seed)")
    }
  }
}
