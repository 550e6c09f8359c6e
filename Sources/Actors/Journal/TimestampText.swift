package import Rules

extension Timestamp {
  /// RFC 3339 in UTC, always with six digits of fraction (`2026-11-23T14:37:14.915000Z`), so that text orders as time
  /// does: what the journal's tables hold. Years outside 0...9999 are cut to them.
  package var sortableText: String {
    let lowest: Int64 = -62_167_219_200_000_000
    let highest: Int64 = 253_402_300_799_999_999
    return Timestamp(microseconds: min(max(microseconds, lowest), highest)).rfc3339Microseconds
  }
}
