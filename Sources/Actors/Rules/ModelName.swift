/// Names of models: `name`, `name:tag`, `host/user/name:tag`.
public enum ModelName {
  /// Bytes of a name.
  public static let maximumLength = 512
  /// Characters of a tag that Ollama takes.
  public static let maximumTag = 80
  /// What the tag of a backup ends with.
  public static let backupSuffix = "-retraind-previous"

  /// Why a text is no name, in words that follow it; nil where it is one. Asked before a name goes to a command line,
  /// into a URL or into a request.
  public static func problem(with model: String) -> String? {
    if model.isEmpty { return "is empty: write a name such as \"llama3.2:3b\"" }
    if model.utf8.count > maximumLength { return "is longer than \(maximumLength) bytes" }
    if model.hasPrefix("-") { return "begins with \"-\": a program would take it for an option" }
    if !model.utf8.allSatisfy(isAllowed), let problem = problemOfCharacters(model) { return problem }
    let segments = model.split(separator: "/", omittingEmptySubsequences: false)
    for (index, segment) in segments.enumerated() {
      if segment.isEmpty { return "has an empty part between slashes" }
      if segment == "." || segment == ".." { return "has the part \"\(segment)\": names are no paths" }
      let isLast = index == segments.count - 1
      let pieces = segment.split(separator: "@", omittingEmptySubsequences: false)
      if pieces.count > (isLast ? 2 : 1) { return "has an @ in the wrong place" }
      let colons = pieces[0].split(separator: ":", omittingEmptySubsequences: false)
      // A port in the first part, a tag in the last, one of them where there is one part only.
      if colons.count > (isLast || index == 0 ? 2 : 1) { return "has a colon in the wrong place" }
      if colons.contains(where: \.isEmpty) || pieces.contains(where: \.isEmpty) {
        return "has nothing on one side of a : or @"
      }
      guard let first = segment.utf8.first, isLetterOrDigit(first) || first == UInt8(ascii: "_") else {
        return "has a part that does not begin with a letter, a digit or _"
      }
      if isLast, colons.count == 2, colons[1].utf8.first == UInt8(ascii: "-") {
        return "has a tag that begins with -"
      }
    }
    return nil
  }

  /// Why a name is none of a model to watch and to act upon, in words that follow it; nil where it is one. Asked wherever
  /// somebody names such a model: a version that is held has a name, too, but must never be refreshed or rolled back.
  public static func problemToWatch(_ model: String) -> String? {
    if let problem = problem(with: model) { return problem }
    return isHeld(model) ? "is a version that retraind keeps to go back to: name the model itself" : nil
  }

  /// True for a name under which a version is held, as `backup` makes it, in upper or lower case.
  public static func isHeld(_ model: String) -> Bool {
    let (name, tag, _) = parts(of: Substring(model))
    let end = (tag ?? name).lowercased()
    return Held.allCases.contains { end.hasSuffix(backupSuffix + $0.rawValue) }
  }

  /// True for a name whose registry is on this host: `localhost:5000/team/m:7b`.
  public static func isOnThisHost(_ model: String) -> Bool {
    guard let slash = model.firstIndex(of: "/") else { return false }
    let host = model[..<slash].prefix { $0 != ":" }.lowercased()
    return host == "localhost" || isLoopback(host)
  }

  /// `127.0.0.1` and its like.
  private static func isLoopback(_ host: String) -> Bool {
    let numbers = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    return numbers.count == 4 && numbers.first == 127 && numbers.allSatisfy { $0 != nil }
  }

  /// What is wrong with the first character that no name has.
  private static func problemOfCharacters(_ model: String) -> String? {
    for scalar in model.unicodeScalars {
      if let byte = UInt8(exactly: scalar.value), isAllowed(byte) { continue }
      if scalar.properties.isWhitespace { return "contains white space: names have none" }
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator, .format, .surrogate, .privateUse, .unassigned:
        return "contains a control character"
      default: return "contains \"\(scalar)\": names are made of letters, digits and . _ - : / @"
      }
    }
    return nil
  }

  /// What stands in front of a name where it comes from the default registry.
  private static let defaultPrefixes = ["registry.ollama.ai/", "library/"]
  /// The tag of a name that has none.
  private static let defaultTag = ":latest"

  /// The one way of writing a name that Ollama lists it under: with its tag, without the default registry. What is
  /// known of a model is kept under it. A text that is no name is returned as it is.
  public static func normalised(_ model: String) -> String {
    var rest = Substring(model)
    for prefix in defaultPrefixes where hasPrefix(rest, prefix) { rest = rest.dropFirst(prefix.count) }
    let (name, tag, digest) = parts(of: rest)
    let full = tag == nil && digest == nil ? "\(name)\(defaultTag)" : String(rest)
    return full == model || problem(with: model) == nil ? full : model
  }

  /// Bytes of a text that is too long for a name which are kept of it.
  static let keptOfTooLong = 64

  /// A text from outside that stands for a model, bounded: one that is too long for a name becomes its beginning and
  /// what tells it apart from others that begin alike, which is no name either. What is known of it is kept under that.
  public static func bounded(_ model: String) -> String {
    guard model.utf8.count > maximumLength else { return model }
    return "\(model.cut(to: keptOfTooLong))… (\(model.utf8.count) bytes, \(shortHash(model)))"
  }

  /// Every way of writing a name that is normalised to the same one, the normalised one first. Those that differ in
  /// upper and lower case are not among them.
  public static func spellings(of model: String) -> [String] {
    let full = normalised(model)
    guard problem(with: model) == nil else { return [full] }
    var names = [full]
    if full.hasSuffix(defaultTag) { names.append(String(full.dropLast(defaultTag.count))) }
    let prefixes = ["", defaultPrefixes[1], defaultPrefixes[0], defaultPrefixes[0] + defaultPrefixes[1]]
    var all = prefixes.flatMap { prefix in names.map { prefix + $0 } }.filter { normalised($0) == full }
    if !all.contains(model) { all.append(model) }
    return all
  }

  /// True where a text begins with a prefix of lower case letters, in whatever case.
  private static func hasPrefix(_ text: Substring, _ prefix: String) -> Bool {
    var rest = prefix.utf8[...]
    for byte in text.utf8 {
      guard let wanted = rest.popFirst() else { return true }
      guard byte == wanted || (65...90).contains(byte) && byte + 32 == wanted else { return false }
    }
    return rest.isEmpty
  }

  /// True where two names are those of one model. Ollama does not tell upper and lower case apart.
  public static func isSame(_ one: String, _ other: String) -> Bool {
    normalised(one).lowercased() == normalised(other).lowercased()
  }

  /// True where two names differ in nothing but their tags.
  public static func isSameFamily(_ one: String, _ other: String) -> Bool {
    func family(_ model: String) -> String { parts(of: Substring(normalised(model))).name.lowercased() }
    return family(one) == family(other)
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
