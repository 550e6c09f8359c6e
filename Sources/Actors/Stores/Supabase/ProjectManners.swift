internal import Platform

/// What a project was found to want of who asks it: where its tables are, and until when it is to be left alone. Pure;
/// one for all who ask.
struct ProjectManners: Sendable {
  /// True where tables are at the root: a PostgREST of its own, without a gateway that takes `/rest/v1` away.
  private(set) var isBare = false
  /// True where tables were found below `/rest/v1`: nothing leads away from there that may mean something else.
  private(set) var isBelowKnown = false
  /// Tables of ours that are in the schema `public`, where the API shows another one first.
  private var inPublic: Set<String> = []
  /// The schema that the API shows first, where it is known.
  private var firstSchema: String?
  private var busy: (problem: StoreProblem, until: Duration)?

  /// What is said instead of asking; nil where the project may be asked.
  func refusal(now: Duration) -> StoreProblem? {
    guard let (problem, until) = busy, now < until else { return nil }
    var refusal = problem
    refusal.kind = .unavailable
    refusal.retryAfter = until - now
    return refusal
  }

  /// What was found is found anew; but a project that was below `/rest/v1` does not move to the root by a reload.
  mutating func forget() {
    let isBelowKnown = isBelowKnown
    self = ProjectManners()
    self.isBelowKnown = isBelowKnown
  }

  /// An answer that is none: what it says of when to come back, and of the path.
  ///
  /// - Parameter wasBare: whether tables were looked for at the root.
  mutating func onProblem(_ problem: StoreProblem, wasBare: Bool, now: Duration) {
    if problem.kind == .unavailable, let wish = problem.retryAfter {
      let until = now + wish
      if busy.map({ $0.until < until }) ?? true { busy = (problem, until) }
    }
    // It is not shown any more.
    if problem.code == "PGRST106" { inPublic = [] }
    guard wasBare else {
      if problem.isAboutContents { isBelowKnown = true }
      return
    }
    if problem.isAboutContents { isBare = true }
    // A gateway has come before it.
    if problem.kind == .wrongAddress, !problem.isAboutContents { isBare = false }
  }

  /// Rows, or the word that they are written.
  mutating func onAnswer(wasBare: Bool) {
    isBare = wasBare
    isBelowKnown = !wasBare
  }

  /// Whether another schema than `public` is shown first.
  var showsAnother: Bool { !inPublic.isEmpty }

  /// Whether `public` is named when a table is asked for.
  func namesPublic(for table: String) -> Bool { inPublic.contains(table) }

  /// A table was found in `public`, and not without that word.
  mutating func onPublic(_ table: String) { inPublic.insert(table) }

  /// The schema of a table, where it is known.
  func schema(of table: String) -> String? { inPublic.contains(table) ? "public" : firstSchema }

  /// A schema answered, or was looked into, though none was named.
  mutating func onFirstSchema(_ name: String) { firstSchema = name }
}
