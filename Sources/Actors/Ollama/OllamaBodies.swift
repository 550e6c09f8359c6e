/// The body of a pull.
struct PullBody: Encodable {
  /// The model.
  var model: String
  /// True for a line per step.
  var stream = true
}

/// The body of a copy.
struct CopyBody: Encodable {
  /// What is there.
  var source: String
  /// What it is also to be called.
  var destination: String
}

/// The body of a deletion.
struct ModelBody: Encodable {
  /// The model.
  var model: String
}

/// The body that unloads.
struct UnloadBody: Encodable {
  /// The model.
  var model: String
  /// How long to keep it; the name is the API's.
  var keep_alive: Int
  /// False for one answer.
  var stream: Bool
}

/// The answer to `/api/version`.
struct VersionAnswer: Decodable {
  /// `0.33.0`.
  var version: String
}

/// The answer to `/api/tags`.
struct TagsAnswer: Decodable {
  /// The models; null where there are none in old versions.
  var models: [Tag]?

  /// A model.
  struct Tag: Decodable {
    /// Its full name.
    var name: String
    /// SHA-256 of its manifest, hexadecimal.
    var digest: String?
  }
}

/// An answer that tells of an error.
struct ErrorAnswer: Decodable {
  /// In words.
  var error: ErrorText
}
