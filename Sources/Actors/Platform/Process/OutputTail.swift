/// The last bytes of a stream, in bounded memory.
struct OutputTail: Sendable, Hashable {
  /// How many bytes it keeps.
  let limit: Int
  /// What it holds: at most twice the limit, so that cutting the front is rare.
  private var held: [UInt8] = []

  /// An empty tail.
  init(limit: Int) { self.limit = max(0, limit) }

  /// The last bytes, at most `limit`.
  var bytes: [UInt8] { Array(held.suffix(limit)) }

  /// Adds what came.
  mutating func append(_ piece: [UInt8]) {
    if piece.count >= limit {
      held = Array(piece.suffix(limit))
      return
    }
    held.append(contentsOf: piece)
    if held.count > 2 * limit { held.removeFirst(held.count - limit) }
  }
}
