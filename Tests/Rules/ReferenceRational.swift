/// A slow, plain way to compare Σ a/n with K · θ, sharing nothing with the rule: digits to the base 10^4, the product
/// of all denominators as the common one, no shortening.
enum ReferenceRational {
  /// -1, 0 or 1 as the mean of the fractions lies below, at or above the goal.
  static func compare(meanOf fractions: [(numerator: String, denominator: String)], goal: (String, String)) -> Int {
    let numerators = fractions.map { digits($0.numerator) }
    let denominators = fractions.map { digits($0.denominator) }
    var sum: [Int] = []
    for index in fractions.indices {
      var term = numerators[index]
      for other in fractions.indices where other != index { term = product(term, denominators[other]) }
      sum = add(sum, term)
    }
    var right = product(digits(goal.0), digits(String(fractions.count)))
    for denominator in denominators { right = product(right, denominator) }
    return order(product(sum, digits(goal.1)), right)
  }

  /// The denominator of a decimal with so many digits behind its point.
  static func power(ofTen exponent: Int) -> String { "1" + String(repeating: "0", count: exponent) }

  /// A digit is below this: its square fits a machine word many times over.
  private static let base = 10_000

  private static func digits(_ text: String) -> [Int] {
    var result: [Int] = []
    var rest = text[...]
    while !rest.isEmpty {
      result.append(Int(rest.suffix(4)) ?? 0)
      rest = rest.dropLast(4)
    }
    return trimmed(result)
  }

  private static func product(_ left: [Int], _ right: [Int]) -> [Int] {
    var result = Array(repeating: 0, count: left.count + right.count + 1)
    for (row, first) in left.enumerated() {
      for (column, second) in right.enumerated() {
        result[row + column] += first * second
        result[row + column + 1] += result[row + column] / base
        result[row + column] %= base
      }
    }
    return trimmed(normalised(result))
  }

  private static func add(_ left: [Int], _ right: [Int]) -> [Int] {
    var result = Array(repeating: 0, count: max(left.count, right.count) + 1)
    for (index, digit) in left.enumerated() { result[index] += digit }
    for (index, digit) in right.enumerated() { result[index] += digit }
    return trimmed(normalised(result))
  }

  private static func normalised(_ digits: [Int]) -> [Int] {
    var result = digits
    for index in result.indices.dropLast() {
      result[index + 1] += result[index] / base
      result[index] %= base
    }
    return result
  }

  private static func trimmed(_ digits: [Int]) -> [Int] {
    Array(digits.reversed().drop { $0 == 0 }.reversed())
  }

  private static func order(_ left: [Int], _ right: [Int]) -> Int {
    guard left.count == right.count else { return left.count < right.count ? -1 : 1 }
    for index in left.indices.reversed() where left[index] != right[index] {
      return left[index] < right[index] ? -1 : 1
    }
    return 0
  }
}
