/// A small, seeded generator: the same seed gives the same numbers everywhere. Not for secrets.
public struct SplitMix64: RandomNumberGenerator, Sendable, Hashable {
  /// Where it stands.
  private var state: UInt64

  /// A generator whose numbers follow from the seed alone.
  public init(seed: UInt64) { state = seed }

  /// A generator whose seed comes from the system.
  public static func fromSystem() -> SplitMix64 {
    var system = SystemRandomNumberGenerator()
    return SplitMix64(seed: system.next())
  }

  /// The next number.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
