import Platform
import Testing

@Suite(.timeLimit(.minutes(5))) struct RandomnessTests {
  @Test func splitMixKnownNumbers() {
    var generator = SplitMix64(seed: 1_234_567)
    let numbers = (0..<5).map { _ in generator.next() }
    #expect(
      numbers == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431,
        16_408_922_859_458_223_821,
      ])
  }

  @Test func identifiersHaveTheForm() throws {
    var source = IdentifierSource(seed: 1)
    for microseconds in [0, 1_795_000_000_000_000, Int64.max, -1] {
      for (text, version) in [(source.next(at: microseconds), "7"), (source.nextRandom(), "4")] {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        #expect(parts.map(\.count) == [8, 4, 4, 4, 12])
        #expect(text.allSatisfy { $0 == "-" || ("0"..."9").contains($0) || ("a"..."f").contains($0) })
        #expect(parts[2].prefix(1) == version)
        #expect(["8", "9", "a", "b"].contains(parts[3].prefix(1)))
      }
    }
  }

  @Test func identifiersCarryTheirTime() throws {
    var source = IdentifierSource(seed: 1)
    let text = source.next(at: 1_795_000_000_123_456)
    #expect(UInt64(text.filter { $0 != "-" }.prefix(12), radix: 16) == 1_795_000_000_123)
  }

  @Test func identifiersAreSortedWhateverTheClockDoes() {
    var source = IdentifierSource(seed: 7)
    let times: [Int64] = [1000, 1000, 1000, 1001, 2000, 500, 2_000_000, 1_999_999, 2_000_001]
    let made = (0..<5000).map { source.next(at: times[$0 % times.count]) }
    #expect(made == made.sorted())
    #expect(Set(made).count == made.count)
  }

  @Test func seedsDecide() {
    var first = IdentifierSource(seed: 5)
    var second = IdentifierSource(seed: 5)
    var other = IdentifierSource.fromSystem()
    let text = first.next(at: 9)
    #expect(text == second.next(at: 9))
    #expect(text != other.next(at: 9))
  }
}
