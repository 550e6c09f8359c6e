internal import Actors

/// Where a webhook's secret comes from. Nothing in here ever repeats what might be one.
enum WebhookSecretFile {
  /// What a path begins with that lies among the service manager's credentials, as in a unit.
  static let credentials = "%d/"
  /// Bytes that a file with a secret may have.
  static let maximumLength = 1024

  /// The path of a secret's file. A secret that stands there instead is refused without repeating it.
  static func checkPath(_ text: String) throws(FieldProblem) -> String {
    if WebhookSecret(text) != nil || text.hasPrefix(WebhookSecret.prefix) {
      throw FieldProblem(
        message: "this looks like the secret itself",
        remedy: "put it into a file of its own and write that file's path here")
    }
    return try FieldCheck.filePath(text)
  }

  /// What was found of a secret.
  struct Finding: Sendable {
    /// The secret; nil where there is none that can be used.
    var secret: Secret?
    /// Why there is none, and what to do.
    var problem: String?
    /// What a person should know of the file.
    var warning: String?
  }

  /// Reads a secret's file.
  static func find(
    _ path: String, environment: [String: String], workingDirectory: String, readFile: FileReader
  ) -> Finding {
    let shown = PrintableText.clip(path, to: 200)
    var place = path
    if path.hasPrefix(credentials) {
      guard let directory = environment["CREDENTIALS_DIRECTORY"], !directory.isEmpty else {
        return Finding(
          problem:
            "secretFile \(shown) is a credential, but no service manager gave any ($CREDENTIALS_DIRECTORY is not "
            + "set): add LoadCredential= to the unit, or write a whole path")
      }
      place = StatePaths.join(directory, String(path.dropFirst(credentials.count)))
    }
    switch readFile(StatePaths.join(workingDirectory, place)) {
    case .absent:
      return Finding(
        problem: "secretFile \(shown) does not exist: write the receiver's secret (whsec_…) into it, chmod 600")
    case .failed(let why):
      return Finding(problem: "secretFile \(shown) cannot be read: \(why); give it to the user of the daemon")
    case .contents(let bytes, let isOpenToAll):
      // An editor's line end and blanks around it are none of it.
      var text = bytes[...]
      while let last = text.last, last <= 0x20 { text.removeLast() }
      while let first = text.first, first <= 0x20 { text.removeFirst() }
      if text.isEmpty {
        return Finding(problem: "secretFile \(shown) is empty: write the receiver's secret (whsec_…) into it")
      }
      guard bytes.count <= maximumLength, let word = String(validating: text, as: UTF8.self),
        WebhookSecret(word) != nil
      else {
        return Finding(
          problem: "secretFile \(shown) holds no secret: one is whsec_ and the base64 of 24 to 64 bytes (the "
            + "prefix may be missing, the base64 may not: text as it stands is no key), such as "
            + "`echo whsec_$(openssl rand -base64 32)` makes")
      }
      return Finding(
        secret: Secret(word),
        warning: isOpenToAll
          ? "secretFile \(shown) can be read by every user of this machine: chmod 600 \(shown)" : nil)
    }
  }
}
