import Ollama

/// Compares digests of attempts that may have reached the server by different ways.
enum RunDigest {
  /// Whether two digests are of the same version; nil where that cannot be told.
  static func isSame(_ one: String?, _ other: String?) -> Bool? {
    guard let one, let other, !one.isEmpty, !other.isEmpty else { return nil }
    // Of one length they are of one way, whatever its digests look like.
    if one.utf8.count == other.utf8.count { return one.lowercased() == other.lowercased() }
    return ModelDigest(model: "", digest: one).isSameVersion(as: ModelDigest(model: "", digest: other))
  }

  /// The one with more digits, of two of the same version.
  static func longer(_ one: String, _ other: String) -> String { one.utf8.count >= other.utf8.count ? one : other }
}
