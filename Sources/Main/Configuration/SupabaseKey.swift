internal import Actors

/// Where Supabase's key comes from. Nothing in here ever repeats what might be one.
enum SupabaseKey {
  /// The variables that hold a key, in the order in which they count. Each has a sibling `…_FILE` that names a file.
  static let variables = ["SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_ANON_KEY"]
  /// The name of the key among the service manager's credentials.
  static let credential = "supabase"
  /// Bytes that a key may have.
  static let maximumLength = 16 * 1024
  /// Characters from which on a text without a slash is rather a key than the name of a file.
  static let suspiciousLength = 100

  /// A key that was found, or why there is none.
  struct Finding: Sendable {
    /// The key.
    var key: Secret?
    /// The file that it was read from.
    var file: String?
    /// Where that was said.
    var source: SettingSource
    /// Why there is no key although a place is named.
    var problem: String?
    /// What a person should know of the place.
    var warning: String?
  }

  /// The path of a key's file. A key that stands there instead is refused without repeating it.
  static func checkPath(_ text: String) throws(FieldProblem) -> String {
    if looksLikeKey(text) {
      throw FieldProblem(
        message: "this looks like the key itself",
        remedy: "put it into a file of its own and write that file's path here")
    }
    return try FieldCheck.filePath(text)
  }

  /// The first place that names a key: the environment, then the file of the configuration, then a credential.
  static func find(
    keyFile: String?, keyFileSource: SettingSource, environment: [String: String], workingDirectory: String,
    readFile: FileReader
  ) -> Finding? {
    for name in variables {
      if let text = environment[name], !text.isEmpty {
        return finding(text: text, shown: "$\(name)", file: nil, source: .environment(name))
      }
      if let path = environment[name + "_FILE"], !path.isEmpty {
        return read(path, .environment(name + "_FILE"), workingDirectory, readFile)
      }
    }
    if let keyFile { return read(keyFile, keyFileSource, workingDirectory, readFile) }
    if let directory = environment["CREDENTIALS_DIRECTORY"], !directory.isEmpty {
      let path = StatePaths.join(directory, credential)
      if case .absent = readFile(path) { return nil }
      return read(path, .environment("CREDENTIALS_DIRECTORY"), workingDirectory, readFile)
    }
    return nil
  }

  /// The key in a file.
  private static func read(
    _ path: String, _ source: SettingSource, _ workingDirectory: String, _ readFile: FileReader
  ) -> Finding {
    let shown = PrintableText.clip(path, to: suspiciousLength)
    do throws(FieldProblem) {
      _ = try checkPath(path)
    } catch {
      return Finding(source: source, problem: refusal(of: path, source))
    }
    switch readFile(StatePaths.join(workingDirectory, path)) {
    case .contents(let bytes, let isOpenToAll):
      // What is no UTF-8 becomes a character that no key has.
      let text = bytes.count > maximumLength ? nil : String(decoding: bytes, as: UTF8.self)
      var found = finding(text: text, shown: shown, file: path, source: source)
      if isOpenToAll, found.key != nil {
        found.warning = "\(shown) can be read by every user of this machine: chmod 600 \(shown)"
      }
      return found
    case .absent:
      return Finding(file: path, source: source, problem: "\(shown) does not exist: put the key into it (chmod 600)")
    case .failed(let why):
      let remedy = "name a file that this user may read, with the key and nothing else in it"
      return Finding(file: path, source: source, problem: "\(shown) cannot be read: \(why); \(remedy)")
    }
  }

  /// Why a text is not the path of a key's file. Whoever mistook the two wrote the key: what is refused is not repeated.
  private static func refusal(of path: String, _ source: SettingSource) -> String {
    let last = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    let remedy = "name the file that holds the key and nothing else"
    if looksLikeKey(path) { return "\(source) holds what looks like the key itself: \(remedy)" }
    if path.hasPrefix("~") { return "\(source) begins with ~, which only a shell understands: write the whole path" }
    if last.isEmpty || last == "." || last == ".." { return "\(source) names a directory: \(remedy)" }
    return "what \(source) says is not the path of a file: \(remedy)"
  }

  private static func looksLikeKey(_ text: String) -> Bool {
    (text.hasPrefix("eyJ") || text.hasPrefix("sb_") || text.utf8.count > suspiciousLength) && !text.contains("/")
  }

  /// A key without the white space around it; nil stands for a text that is too long to be one.
  private static func finding(text: String?, shown: String, file: String?, source: SettingSource) -> Finding {
    var key = (text ?? "").unicodeScalars[...]
    while let first = key.first, first.properties.isWhitespace { key.removeFirst() }
    while let last = key.last, last.properties.isWhitespace { key.removeLast() }
    guard let fault = fault(of: key, isTooLong: text == nil) else {
      return Finding(key: Secret(String(key)), file: file, source: source)
    }
    return Finding(
      file: file, source: source, problem: "\(shown) \(fault): put the key into it, in one line, and nothing else")
  }

  /// Why a text is no key; nil where it may be one.
  private static func fault(of key: Substring.UnicodeScalarView, isTooLong: Bool) -> String? {
    if isTooLong || key.count > maximumLength { return "has more than \(maximumLength) bytes, which no key has" }
    if key.isEmpty { return "is empty" }
    if key.contains("\n") || key.contains("\r") { return "has more than one line" }
    if key.contains("\0") { return "holds a NUL" }
    let isPlain = key.allSatisfy { $0.value > 0x20 && $0.value < 0x7F }
    return isPlain ? nil : "holds blanks or other characters that no key has"
  }
}
