/// Names of models: `name`, `name:tag`, `host/user/name:tag`.
public enum ModelName {
  /// Bytes of a name.
  public static let maximumLength = 512
  /// Characters of a tag that Ollama takes.
  public static let maximumTag = 80
  /// What the tag of a backup ends with.
  public static let backupSuffix = "-retraind-previous"

  /// Refuses what is no name: before it goes to a command line, into a URL or into a request.
  public static func validate(_ model: String) throws(ModelNameFailure) {
    func refuse(_ why: String) throws(ModelNameFailure) -> Never { throw ModelNameFailure(model, why) }
    if model.isEmpty { try refuse("is empty") }
    if model.utf8.count > maximumLength { try refuse("is longer than \(maximumLength) bytes") }
    guard model.utf8.allSatisfy(isAllowed) else {
      try refuse("has a character other than letters, digits and . _ : / @ -")
    }
    let segments = model.split(separator: "/", omittingEmptySubsequences: false)
    for (index, segment) in segments.enumerated() {
      if segment.isEmpty { try refuse("has an empty part between slashes") }
      if segment == "." || segment == ".." { try refuse("has the part \"\(segment)\"") }
      guard let first = segment.utf8.first, isLetterOrDigit(first) || first == UInt8(ascii: "_") else {
        try refuse("has a part that does not begin with a letter, a digit or _")
      }
      let isLast = index == segments.count - 1
      let pieces = segment.split(separator: "@", omittingEmptySubsequences: false)
      if pieces.count > (isLast ? 2 : 1) { try refuse("has an @ in the wrong place") }
      let colons = pieces[0].split(separator: ":", omittingEmptySubsequences: false)
      // A port in the first part, a tag in the last, one of them where there is one part only.
      if colons.count > (isLast || index == 0 ? 2 : 1) { try refuse("has a colon in the wrong place") }
      if colons.contains(where: \.isEmpty) || pieces.contains(where: \.isEmpty) {
        try refuse("has nothing on one side of a : or @")
      }
      if isLast, colons.count == 2, colons[1].utf8.first == UInt8(ascii: "-") {
        try refuse("has a tag that begins with -")
      }
    }
  }

  /// The one way of writing a name that Ollama lists it under: with its tag, without the default registry.
  public static func normalised(_ model: String) -> String {
    var rest = Substring(model)
    for prefix in ["registry.ollama.ai/", "library/"] where rest.lowercased().hasPrefix(prefix) {
      rest = rest.dropFirst(prefix.count)
    }
    let (name, tag, digest) = parts(of: rest)
    return tag == nil && digest == nil ? "\(name):latest" : String(rest)
  }

  /// True where two names are those of one model. Ollama does not tell upper and lower case apart.
  public static func isSame(_ one: String, _ other: String) -> Bool {
    normalised(one).lowercased() == normalised(other).lowercased()
  }

  /// What a version is held for under a name of its own; the raw value follows `backupSuffix` in its tag.
  public enum Held: String, Sendable, Hashable, CaseIterable {
    /// The version before the last pull, to go back to.
    case previous = ""
    /// The served version while a pull is under way.
    case standby = "-standby"
    /// A version that a rollback replaced, until its runner is unloaded.
    case rejected = "-rejected"
  }

  /// The name under which a version of a model is held: `m:7b` → `m:7b-retraind-previous`.
  public static func backup(of model: String, as held: Held = .previous) -> String {
    let (name, tag, _) = parts(of: Substring(model))
    var kept = tag ?? "latest"
    let suffix = backupSuffix + held.rawValue
    let room = maximumTag - suffix.utf8.count
    if kept.utf8.count > room {
      // Cut, and told apart from other tags that begin alike.
      kept = "\(kept.prefix(room - 9))-\(shortHash(kept))"
    }
    return "\(name):\(kept)\(suffix)"
  }

  /// Takes a name apart; the colon of a port, before the last slash, is none of a tag.
  private static func parts(of model: Substring) -> (name: Substring, tag: Substring?, digest: Substring?) {
    var name = model
    var digest: Substring?
    if let at = name.firstIndex(of: "@") {
      digest = name[name.index(after: at)...]
      name = name[..<at]
    }
    let last = name.lastIndex(of: "/").map { name.index(after: $0) } ?? name.startIndex
    guard let colon = name[last...].firstIndex(of: ":") else { return (name, nil, digest) }
    return (name[..<colon], name[name.index(after: colon)...], digest)
  }

  /// Eight hexadecimal digits of FNV-1a.
  private static func shortHash(_ text: some StringProtocol) -> String {
    var hash: UInt32 = 2_166_136_261
    for byte in text.utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }

  /// What a name may hold.
  private static func isAllowed(_ byte: UInt8) -> Bool { isLetterOrDigit(byte) || "._:/@-".utf8.contains(byte) }

  /// ASCII only.
  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"):
      true
    default: false
    }
  }
}

/// A text that is no name of a model.
public struct ModelNameFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// Characters of a refused name that are shown.
  static let shown = 80
  /// For people.
  public var description: String

  /// Makes a failure; what cannot be printed is shown as `?`.
  init(_ model: String, _ why: String) {
    let safe = ServerText.printable(model, limit: Self.shown)
    description =
      "\"\(safe)\" is no model name: it \(why). "
      + "Names look like llama3.2, psa-engine:latest or hf.co/user/name:tag"
  }
}
