/// Makes identifiers in the form of RFC 9562, in lower case: `019ab0c2-7c3e-7d10-b5a1-2f64c5e07d11`.
///
/// Those of runs and events are of version 7: sorted as text they stand in the order in which they were made, also
/// within a millisecond and where the wall clock goes back.
public struct IdentifierSource: Sendable, Hashable {
  /// Where the random bits come from.
  private var generator: SplitMix64
  /// Milliseconds and the 12 bits of fraction of the last one made, as one number.
  private var last: UInt64 = 0

  /// Identifiers that follow from the seed and the times alone.
  public init(seed: UInt64) { generator = SplitMix64(seed: seed) }

  /// Identifiers with a seed from the system.
  public static func fromSystem() -> IdentifierSource {
    var system = SystemRandomNumberGenerator()
    return IdentifierSource(seed: system.next())
  }

  /// The next of version 7: 48 bits of milliseconds, 12 bits of fraction, 62 random bits.
  public mutating func next(at microseconds: Int64) -> String {
    let clamped = UInt64(clamping: microseconds)
    let milliseconds = clamped / 1000
    let fraction = (clamped % 1000) * 4096 / 1000
    let stamp = min(milliseconds, (1 << 48) - 1) << 12 | fraction
    last = stamp > last ? stamp : last &+ 1
    let high = (last >> 12) << 16 | 0x7000 | (last & 0xFFF)
    return Self.text(high, (generator.next() & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000)
  }

  /// The next of version 4: 122 random bits.
  public mutating func nextRandom() -> String {
    let high = (generator.next() & 0xFFFF_FFFF_FFFF_0FFF) | 0x4000
    return Self.text(high, (generator.next() & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000)
  }

  /// 8-4-4-4-12.
  static func text(_ high: UInt64, _ low: UInt64) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(36)
    for position in 0..<32 {
      if position == 8 || position == 12 || position == 16 || position == 20 { bytes.append(UInt8(ascii: "-")) }
      let word = position < 16 ? high : low
      bytes.append(digits[Int(word >> UInt64(60 - 4 * (position % 16)) & 0xF)])
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
