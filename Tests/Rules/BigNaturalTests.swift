import TestSupport
import Testing

@testable import Rules

@Suite(.timeLimit(.minutes(5))) struct BigNaturalTests {
  /// A number below 2^64 from products and sums is the one that the machine computes.
  @Test func agreesWithTheMachine() {
    var random = SeededGenerator(seed: 3)
    for _ in 0..<2000 {
      let a = random.next(), b = random.next(), c = random.next() >> 1
      var sum = BigNatural(a) * BigNatural(b)
      sum += BigNatural(c)
      let (product, overflow) = UInt128(a).multipliedReportingOverflow(by: UInt128(b))
      #expect(!overflow)
      let (expected, tooLarge) = product.addingReportingOverflow(UInt128(c))
      if !tooLarge { #expect(sum == BigNatural(expected)) }
      #expect((BigNatural(a) < BigNatural(b)) == (a < b))
      #expect((BigNatural(UInt128(a) << 64 | UInt128(b)) < BigNatural(UInt128(b) << 64 | UInt128(a))) == (a < b))
    }
  }

  @Test func carriesThroughEveryLimb() {
    let top = BigNatural(UInt128.max)
    var next = top
    next += BigNatural(UInt64(1))
    #expect(next == BigNatural(UInt128(1) << 64) * BigNatural(UInt128(1) << 64))
    #expect(top < next)
    // (2^128 - 1)^2 + 2 (2^128 - 1) + 1 = 2^256
    var square = top * top
    square += top
    square += top
    square += BigNatural(UInt64(1))
    #expect(square == next * next)
  }

  @Test func obeysTheLawsOfArithmetic() {
    var random = SeededGenerator(seed: 4)
    func number() -> BigNatural {
      var result = BigNatural(random.next())
      for _ in 0..<Int.random(in: 0...6, using: &random) {
        result.multiply(by: random.next() | 1)
        result += BigNatural(random.next())
      }
      return result
    }
    for _ in 0..<300 {
      let a = number(), b = number(), c = number()
      #expect(a * b == b * a)
      #expect(a * (b * c) == (a * b) * c)
      var sum = b
      sum += c
      var distributed = a * b
      distributed += a * c
      #expect(a * sum == distributed)
      #expect(!(sum < b) && b <= sum)
    }
  }

  @Test func zeroHasOneForm() {
    let zero = BigNatural(UInt64(0))
    #expect(zero == BigNatural(UInt128(0)))
    #expect(BigNatural(UInt64(7)) * zero == zero)
    var product = BigNatural(UInt128.max)
    product.multiply(by: 0)
    #expect(product == zero)
    var sum = zero
    sum += BigNatural(UInt64(7))
    #expect(sum == BigNatural(UInt64(7)))
    #expect(zero < sum)
  }

  @Test func powersOfTen() {
    var expected = BigNatural(UInt64(1))
    for exponent in 0...350 {
      #expect(BigNatural.powerOfTen(exponent) == expected)
      expected.multiply(by: 10)
    }
  }
}
