internal import Platform

/// What a project was found to want of who asks it: where its tables are, and until when it is to be left alone. Pure;
/// one for all who ask.
struct ProjectManners: Sendable {
  /// True where tables are at the root: a PostgREST of its own, without a gateway that takes `/rest/v1` away.
  private(set) var isBare = false
  /// True where tables were found below `/rest/v1`: nothing leads away from there that may mean something else.
  private(set) var isBelowKnown = false
  /// True where tables are in the schema `public`, and the API shows another one first.
  private(set) var namesPublic = false
  /// The schema that answers, where it is known.
  private(set) var schema: String?
  private var busy: (problem: StoreProblem, until: Duration)?

  /// What is said instead of asking; nil where the project may be asked.
  func refusal(now: Duration) -> StoreProblem? {
    guard let (problem, until) = busy, now < until else { return nil }
    var refusal = problem
    refusal.kind = .unavailable
    refusal.retryAfter = until - now
    return refusal
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
    if problem.code == "PGRST106" { namesPublic = false }
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

  /// A table was found in `public`, and not without that word.
  mutating func onPublic() { namesPublic = true }

  /// The schema that answered, or that a table was looked for in.
  mutating func onSchema(_ name: String) { schema = name }
}
