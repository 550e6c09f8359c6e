/// The body of a pull.
struct PullBody: Encodable {
  /// The model.
  var model: String
  /// The model in the word of early servers, which know no other.
  var name: String
  /// True for a line per step.
  var stream = true
  /// True for a registry that is asked without TLS; nil says nothing, which means false.
  var insecure: Bool?

  /// For a model.
  init(_ model: String, isInsecure: Bool = false) {
    self.model = model
    name = model
    insecure = isInsecure ? true : nil
  }
}

/// The body of a copy.
struct CopyBody: Encodable {
  /// What is there.
  var source: String
  /// What it is also to be called.
  var destination: String
}

/// The body of a deletion, or of a question about one model.
struct ModelBody: Encodable {
  /// The model.
  var model: String
  /// The model in the word of early servers, which know no other.
  var name: String

  /// For a model.
  init(_ model: String) {
    self.model = model
    name = model
  }
}

/// The body that unloads.
struct UnloadBody: Encodable {
  /// The model.
  var model: String
  /// How long to keep it; the name is the API's.
  var keep_alive = 0
  /// False for one answer.
  var stream = false
}

/// The answer to `/api/version`.
struct VersionAnswer: Decodable {
  /// `0.33.0`.
  var version: String
}

/// The answer to `/api/show`.
struct ShowAnswer: Decodable {
  /// What the model could be made from again.
  var modelfile: String?
}

/// The answer to `/api/tags`, and to `/api/ps`.
struct TagsAnswer: Decodable {
  /// The models; null where there are none in old versions. An entry that is not understood is left out: it says
  /// nothing about the others. Where none is understood this is no list of models.
  var models: [Tag]?

  private enum CodingKeys: CodingKey {
    case models
  }

  /// Reads what there is.
  init(from decoder: any Decoder) throws {
    let members = try decoder.container(keyedBy: CodingKeys.self)
    guard let entries = try members.decodeIfPresent([Entry].self, forKey: .models) else { return }
    let tags = entries.compactMap(\.tag)
    guard !tags.isEmpty || entries.isEmpty else {
      throw DecodingError.dataCorruptedError(forKey: .models, in: members, debugDescription: "no entry is a model")
    }
    models = tags
  }

  /// The models, as others have them.
  var digests: [ModelDigest] { (models ?? []).map { ModelDigest(model: $0.name, digest: $0.digest ?? "") } }

  /// An entry of the list.
  private struct Entry: Decodable {
    /// The model; nil where the entry is not understood.
    var tag: Tag?

    /// Reads either.
    init(from decoder: any Decoder) throws { tag = try? Tag(from: decoder) }
  }

  /// A model.
  struct Tag: Decodable {
    /// Its full name, which is there under `name`, under `model`, or under both.
    var name: String
    /// SHA-256 of its manifest, hexadecimal.
    var digest: String?

    private enum CodingKeys: CodingKey {
      case name, model, digest
    }

    /// Reads what there is.
    init(from decoder: any Decoder) throws {
      let members = try decoder.container(keyedBy: CodingKeys.self)
      name =
        try members.decodeIfPresent(String.self, forKey: .name) ?? members.decode(String.self, forKey: .model)
      digest = try members.decodeIfPresent(String.self, forKey: .digest)
      let algorithm = "sha256:"
      if let text = digest, text.hasPrefix(algorithm) { digest = String(text.dropFirst(algorithm.count)) }
    }
  }
}

/// An answer that tells of an error.
struct ErrorAnswer: Decodable {
  /// In words.
  var error: ErrorText
}
