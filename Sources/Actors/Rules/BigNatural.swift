/// A natural number of any size: just what comparing two fractions exactly needs.
struct BigNatural: Hashable {
  /// Digits to the base 2^64, the least first, without zeros at the end; zero has none.
  private var limbs: [UInt64]

  /// Makes a number.
  init(_ value: UInt64) { limbs = value == 0 ? [] : [value] }

  /// Makes a number.
  init(_ value: UInt128) {
    limbs = [UInt64(truncatingIfNeeded: value), UInt64(truncatingIfNeeded: value >> 64)]
    trim()
  }

  /// A power of ten; the exponent is not negative.
  static func powerOfTen(_ exponent: Int) -> BigNatural {
    var result = BigNatural(UInt64(1))
    var rest = exponent
    while rest > 0 {
      let step = min(rest, 19)
      result.multiply(by: (0..<step).reduce(UInt64(1)) { power, _ in power * 10 })
      rest -= step
    }
    return result
  }

  /// Multiplies by one limb.
  mutating func multiply(by factor: UInt64) {
    var carry: UInt64 = 0
    for index in limbs.indices {
      let (high, low) = limbs[index].multipliedFullWidth(by: factor)
      let (sum, overflow) = low.addingReportingOverflow(carry)
      limbs[index] = sum
      // The high half of a product of two limbs is at most 2^64 - 2, so that the carry fits.
      carry = high + (overflow ? 1 : 0)
    }
    if carry > 0 { limbs.append(carry) }
    trim()
  }

  /// The product, by the schoolbook.
  static func * (left: BigNatural, right: BigNatural) -> BigNatural {
    guard !left.limbs.isEmpty, !right.limbs.isEmpty else { return BigNatural(UInt64(0)) }
    var product = BigNatural(UInt64(0))
    product.limbs = Array(repeating: 0, count: left.limbs.count + right.limbs.count)
    for (row, factor) in left.limbs.enumerated() {
      var carry: UInt64 = 0
      for (column, digit) in right.limbs.enumerated() {
        // digit · factor + two limbs is at most (2^64 - 1)^2 + 2 · (2^64 - 1) = 2^128 - 1.
        let (high, low) = digit.multipliedFullWidth(by: factor)
        let (first, firstOverflow) = low.addingReportingOverflow(carry)
        let (second, secondOverflow) = first.addingReportingOverflow(product.limbs[row + column])
        product.limbs[row + column] = second
        carry = high + (firstOverflow ? 1 : 0) + (secondOverflow ? 1 : 0)
      }
      product.limbs[row + right.limbs.count] = carry
    }
    product.trim()
    return product
  }

  /// Adds.
  static func += (left: inout BigNatural, right: BigNatural) {
    var carry: UInt64 = 0
    for index in 0..<max(left.limbs.count, right.limbs.count) {
      if index == left.limbs.count { left.limbs.append(0) }
      let addend = index < right.limbs.count ? right.limbs[index] : 0
      let (first, firstOverflow) = left.limbs[index].addingReportingOverflow(addend)
      let (second, secondOverflow) = first.addingReportingOverflow(carry)
      left.limbs[index] = second
      carry = firstOverflow || secondOverflow ? 1 : 0
    }
    if carry > 0 { left.limbs.append(carry) }
  }

  /// Removes zeros at the end, so that equal numbers have equal limbs.
  private mutating func trim() {
    while limbs.last == 0 { limbs.removeLast() }
  }
}

extension BigNatural: Comparable {
  /// Orders by size.
  static func < (left: BigNatural, right: BigNatural) -> Bool {
    guard left.limbs.count == right.limbs.count else { return left.limbs.count < right.limbs.count }
    for index in left.limbs.indices.reversed() where left.limbs[index] != right.limbs[index] {
      return left.limbs[index] < right.limbs[index]
    }
    return false
  }
}
