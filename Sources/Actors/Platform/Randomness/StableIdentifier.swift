/// Identifiers that follow from a text: the same text has the same one, on every machine and in every version.
public enum StableIdentifier {
  /// An identifier of version 8 (RFC 9562) with 122 bits of a hash of the text. It tells texts apart that nobody chose
  /// to collide; who relies on it compares what stands under it.
  public static func of(_ text: String) -> String {
    var first: UInt64 = 0x243F_6A88_85A3_08D3
    var second: UInt64 = 0x1319_8A2E_0370_7344
    for byte in text.utf8 {
      first = mix(first ^ UInt64(byte))
      second = mix(second &+ (UInt64(byte) &+ 1) &* 0xA409_3822_299F_31D1)
    }
    let high = (mix(first) & 0xFFFF_FFFF_FFFF_0FFF) | 0x8000
    return IdentifierSource.text(high, (mix(second) & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000)
  }

  /// The finalizer of SplitMix64: each bit of the result depends on each bit of the value.
  private static func mix(_ value: UInt64) -> UInt64 {
    var mixed = value &+ 0x9E37_79B9_7F4A_7C15
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
