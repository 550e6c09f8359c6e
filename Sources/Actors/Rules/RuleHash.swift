/// A short name for a rule and its parameters, so that decisions made by the same rule can be told from others.
enum RuleHash {
  /// Hash of all that the verdict depends on, 16 hexadecimal digits. What only the policy reads is not part of it.
  static func of(_ settings: RuleSettings) -> String {
    hexadecimal(fnv1a(canonicalText(of: settings)))
  }

  /// What is hashed: one parameter a line, in a fixed order.
  static func canonicalText(of settings: RuleSettings) -> String {
    """
    rule=\(settings.rule)
    threshold=\(settings.threshold)
    window=\(settings.window)
    minStats=\(settings.minStats)
    staleAfterAttoseconds=\(settings.staleAfter.attoseconds)

    """
  }

  /// FNV-1a with 64 bits, over the text's UTF-8.
  static func fnv1a(_ text: String) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return hash
  }

  /// 16 hexadecimal digits.
  static func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }
}
