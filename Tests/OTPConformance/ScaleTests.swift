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

/// OTP's cases about many children. One at a time: they measure.
@Suite("scale", .serialized, .timeLimit(.minutes(5))) struct ScaleTests {
  /// How much more time ten times as many children may take. Linear is 10; the square of it is 100.
  static let limit = 35.0

  // Adapted: 1000 and 10,000 instead of 1000 and 100,000, and the time of this thread instead of that on the wall: a
  // stage runs on one thread.
  /// Mutant: table-is-counted.
  @Test("scale_start_stop_many_children: the time grows as the number of children does")
  func scaleStartStopManyChildren() throws {
    try compare { count in
      { stage in
        let run = try stage.run((0..<count).map { stage.puppet("\($0)").spec() })
        #expect(try run.counts() == [count, count, 0, count])
        try run.end()
      }
    }
  }

  // Adapted, as above.
  /// Mutant: table-is-counted.
  @Test("simple_one_for_one_scale_many_temporary_children: the time grows as the number of children does")
  func simpleOneForOneScaleManyTemporaryChildren() throws {
    try compare { count in
      { stage in
        let gate = Gate()
        let run = try stage.pool(
          try PoolSpec<Int>(id: "pool", backoff: .immediate) { _, context in
            context.ready()
            await gate.pass()
          })
        for number in 0..<count { _ = try stage.ask { try await run.subject.startChild(number).start.generation } }
        gate.open()
        try stage.settle()
        #expect(try stage.ask { await run.subject.countChildren() }.specs == 0)
      }
    }
  }

  /// The time of this thread that a body takes for 10,000 children must not be much more than ten times that for 1000.
  /// The best of some tries counts.
  func compare(_ body: (Int) -> (Stage) throws -> Void) throws {
    func time(_ count: Int) throws -> Double {
      var best = Double.infinity
      for _ in 0..<2 {
        let begin = Self.threadSeconds
        try Stage.play(seeds: 1, body(count))
        best = min(best, Self.threadSeconds - begin)
      }
      return best
    }
    let (few, many) = (try time(1000), try time(10_000))
    #expect(many / few < Self.limit, "\(few) s, \(many) s")
  }

  /// The time that this thread has computed, in seconds.
  static var threadSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
