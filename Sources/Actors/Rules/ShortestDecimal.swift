/// The shortest decimal fraction that reads back as a given double in 0...1: what a person meant who wrote `0.6`.
///
/// The double nearest to 0.6 is a little below 6/10; compared as binary fractions, three cycles of 6 in 10 would lie
/// above a threshold of 0.6 and not at it.
struct ShortestDecimal: Hashable {
  /// Its digits as a whole number, without zeros at the end; at most 17 digits.
  var digits: UInt64
  /// Digits behind the point: the value is `digits` / 10^`scale`.
  var scale: Int

  /// Reads the digits that the standard library prints; nil outside 0...1.
  init?(_ value: Double) {
    guard value >= 0, value <= 1 else { return nil }
    digits = 0
    scale = 0
    var isBehindPoint = false
    var isExponent = false
    var exponent = 0
    for byte in value.description.utf8 {
      switch byte {
      case UInt8(ascii: "."): isBehindPoint = true
      case UInt8(ascii: "e"): isExponent = true
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        let digit = byte - UInt8(ascii: "0")
        if isExponent {
          exponent = exponent * 10 + Int(digit)
        } else {
          digits = digits * 10 + UInt64(digit)
          if isBehindPoint { scale += 1 }
        }
      default: break  // The sign: of the exponent, negative in 0...1, or of a negative zero.
      }
    }
    scale += exponent
    while digits != 0, digits.isMultiple(of: 10), scale > 0 {
      digits /= 10
      scale -= 1
    }
    if digits == 0 { scale = 0 }
  }

  /// 10^`scale` where it fits into 64 bits.
  var denominator: UInt64? {
    guard scale <= 19 else { return nil }
    return (0..<scale).reduce(UInt64(1)) { power, _ in power * 10 }
  }
}
