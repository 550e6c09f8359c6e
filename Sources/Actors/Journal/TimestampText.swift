package import Rules

extension Timestamp {
  /// RFC 3339 in UTC, always with six digits of fraction (`2026-11-23T14:37:14.915000Z`), so that text orders as time
  /// does: what the journal's tables hold.
  package var sortableText: String {
    let parts = rfc3339.dropLast().split(separator: ".", maxSplits: 1)
    let fraction = parts.count > 1 ? String(parts[1]) : ""
    return "\(parts.first ?? "").\(fraction)\(String(repeating: "0", count: max(0, 6 - fraction.utf8.count)))Z"
  }
}
