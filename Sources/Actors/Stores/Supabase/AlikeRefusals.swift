/// Rows of a batch that were refused one after the other with the same words, where those are about the table: the rest
/// need not be tried one by one. Pure.
struct AlikeRefusals: Sendable {
  /// Single rows in a row after which a part that is refused alike is not halved any more.
  static let bound = 3

  private var code: String?
  private var message = ""
  private var count = 0

  /// Nothing was refused yet.
  init() {}

  /// A row was refused that was sent alone.
  mutating func onRefused(_ problem: StoreProblem) {
    guard problem.isOfEveryRow else {
      self = AlikeRefusals()
      return
    }
    if !isSame(problem) { self = AlikeRefusals() }
    code = problem.code
    message = problem.message
    count += 1
  }

  /// Whether this speaks for each of several rows that were sent together.
  func speaksForAll(_ problem: StoreProblem) -> Bool { count >= Self.bound && isSame(problem) }

  private func isSame(_ problem: StoreProblem) -> Bool { problem.code == code && problem.message == message }
}
