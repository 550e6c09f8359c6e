internal import Platform
internal import Rules

/// What went wrong with a request to PostgREST or the gateway in front of it, and what that allows.
struct StoreProblem: Error, Sendable, Hashable, CustomStringConvertible {
  /// What it means for whoever asked.
  enum Kind: Sendable, Hashable {
    /// The table does not exist, or the API does not know it yet.
    case missingTable
    /// A column does not exist; its name, where the answer says it.
    case missingColumn(String?)
    /// The key's role may not do that.
    case denied
    /// The same, for a request without an identity: the key is the anonymous one.
    case deniedToAnonymous
    /// The key is not accepted at all.
    case badKey
    /// A row with such a key is there already.
    case duplicate
    /// The row does not fit the table.
    case refused
    /// The request itself is too large.
    case tooMuch
    /// Nothing like PostgREST answers at this address.
    case wrongAddress
    /// Not now: busy, down, paused, out of quota.
    case unavailable
    /// No connection: nothing was sent.
    case unreachable
    /// No answer, or only a part of one: it may have been done.
    case unanswered
    /// An answer that is none.
    case notUnderstood
    /// Our own stop.
    case cancelled
  }

  /// What it means.
  var kind: Kind
  /// The answer's status, where there was one.
  var status: Int?
  /// PostgREST's or Postgres's code: `PGRST205`, `42501`.
  var code: String?
  /// What happened, for people; never a row's contents, never a key.
  var description: String
  /// The server's own words, for finding names in them.
  var message: String = ""
  /// The schema that was asked, where it is known; for naming tables in SQL.
  var schema: String?
  /// How long the server wants to be left alone.
  var retryAfter: Duration?

  /// Makes a problem.
  init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }

  /// True where the same request may work later without anybody's doing anything to the tables.
  var isTransient: Bool {
    switch kind {
    case .badKey, .wrongAddress, .unavailable, .unreachable, .unanswered, .notUnderstood, .cancelled: true
    case .missingTable, .missingColumn, .denied, .deniedToAnonymous, .duplicate, .refused, .tooMuch: false
    }
  }

  /// True where asking again at once may work: a connection that was dead is now replaced.
  var isWorthAnotherTry: Bool {
    switch kind {
    case .unanswered: status == nil && message == Self.cutOff
    case .unavailable: status == 503
    default: false
    }
  }

  /// Marks a connection that was closed before its answer was complete.
  private static let cutOff = "cut off"
}

extension StoreProblem {
  /// Longest pause that a server can ask for.
  static let longestRetryAfter = Duration.seconds(900)
  /// Bytes of a server's words that are shown.
  static let maximumWords = 200
  /// Bytes of an error's body that are looked at.
  static let maximumBody = 64 << 10

  /// From a request that has no answer.
  init(_ failure: HTTPFailure) {
    let kind: Kind =
      switch failure.kind {
      case .invalidURL, .unreachable, .connectTimeout, .proxy, .tls, .exhausted: .unreachable
      case .firstByteTimeout, .stalled, .totalTimeout, .truncated: .unanswered
      case .tooLarge: .notUnderstood
      case .cancelled: .cancelled
      case .other: .unanswered
      }
    self.init(kind, failure.description)
    if failure.kind == .truncated { message = Self.cutOff }
  }

  /// From an answer that is no success. Pure: everything that is known of the servers' answers is in here.
  ///
  /// - Parameters:
  ///   - place: what was asked, for people: `learning_stats at https://x.supabase.co`.
  ///   - table: the table among that; nil where it is not known.
  ///   - now: the wall clock, for a wish that is a date in an answer that has none itself.
  ///   - redact: takes out what must not be shown.
  init(
    _ response: HTTPResponse, place: String, table: String? = nil, now: Timestamp,
    redact: (String) -> String = { $0 }
  ) {
    let body = response.body.count <= Self.maximumBody ? response.body : []
    let fields = JSONRows.object(in: body, keys: ["code", "message", "msg", "error"])
    let code = fields?[0].text ?? Self.proxyCode(response.header("Proxy-Status"))
    let words = fields?[1].text ?? fields?[2].text ?? fields?[3].text ?? ""
    let isEmptyObject = JSONRows.isEmptyObject(body)
    let kind = Self.kind(
      status: response.status, code: code, message: words, isEmptyObject: isEmptyObject, table: table)
    // More is said behind it.
    let shown = Self.withoutFullStop(Self.printable(redact(words)))
    let said: String
    if !shown.isEmpty {
      said = ": \(shown)"
    } else if response.body.isEmpty {
      said = " without a word"
    } else if fields == nil {
      said = " with a page instead of an answer"
    } else {
      said = ""
    }
    let name = code.map { " \(Self.printable($0))" } ?? ""
    self.init(kind, "\(place): HTTP \(response.status)\(name)\(said)\(Self.advice(kind, response, code, words))")
    status = response.status
    self.code = code
    message = words
    if let other = otherSchema {
      schema = other
      description +=
        "; the API shows the schema \(Self.printable(other)): write it in place of public in what is to be run"
    }
    // Two dates of one clock: ours may be wrong.
    let sentAt = response.header("Date").flatMap { HTTPDate.parse($0) } ?? now
    let wish = response.header("Retry-After").flatMap {
      RetryAfter.wish($0, now: sentAt, longest: Self.longestRetryAfter)
    }
    // PostgREST says 0 with every 503: obeyed, that is a hot loop.
    guard let wish, wish > .zero else { return }
    retryAfter = wish
    description += "; it wants to be left alone for \(wish.components.seconds) s"
  }

  /// What stands between two marks; nil where they do not stand there.
  static func text(in message: String, after start: String, before end: String) -> String? {
    guard let begin = message.firstRange(of: start)?.upperBound else { return nil }
    guard let stop = message[begin...].firstRange(of: end)?.lowerBound, stop > begin else { return nil }
    return String(message[begin..<stop])
  }

  /// What follows a mark; nil where it does not stand there.
  static func rest(of message: String, after start: String) -> String? {
    message.firstRange(of: start).map { String(message[$0.upperBound...]) }
  }

  /// `PostgREST; error=PGRST205` → `PGRST205`: the only word of an answer without a body.
  private static func proxyCode(_ header: String?) -> String? {
    guard let header, let start = header.firstRange(of: "error=")?.upperBound else { return nil }
    let code = header[start...].prefix { $0.isASCII && ($0.isLetter || $0.isNumber) }
    return code.isEmpty ? nil : String(code)
  }

  /// Words that a sentence goes on behind.
  private static func withoutFullStop(_ words: String) -> String {
    words.hasSuffix(".") && !words.hasSuffix("..") ? String(words.dropLast()) : words
  }

  /// One line without control characters, cut to a limit.
  static func printable(_ text: String) -> String {
    var kept = ""
    for scalar in text.unicodeScalars {
      guard kept.utf8.count < maximumWords else { return kept + "…" }
      let isShown = scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value) && scalar.value < 0x2028
      kept.unicodeScalars.append(isShown || scalar.value > 0x206F ? scalar : " ")
    }
    return kept
  }
}
