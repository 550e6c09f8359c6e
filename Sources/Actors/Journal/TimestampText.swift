package import Rules

extension Timestamp {
  /// RFC 3339 in UTC, always with six digits of fraction (`2026-11-23T14:37:14.915000Z`), so that text orders as time
  /// does: what the journal's tables hold. Years outside 0...9999 are cut to them.
  package var sortableText: String {
    let lowest: Int64 = -62_167_219_200_000_000
    let highest: Int64 = 253_402_300_799_999_999
    let clamped = Timestamp(microseconds: min(max(microseconds, lowest), highest))
    let parts = clamped.rfc3339.dropLast().split(separator: ".", maxSplits: 1)
    let fraction = parts.count > 1 ? String(parts[1]) : ""
    return "\(parts.first ?? "").\(fraction)\(String(repeating: "0", count: max(0, 6 - fraction.utf8.count)))Z"
  }
}
