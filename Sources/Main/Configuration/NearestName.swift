/// Finds the word that somebody probably meant.
enum NearestName {
  /// Characters from which on a word is not compared any more: nobody mistypes that much.
  static let maximumLength = 64

  /// The candidate that is nearest to `word`, where one is near enough to be meant; ties go to the first.
  static func of(_ word: String, among candidates: [String]) -> String? {
    guard !word.isEmpty, word.utf8.count <= maximumLength else { return nil }
    let wanted = normalized(word)
    var best: (name: String, distance: Int)?
    for candidate in candidates {
      let name = normalized(candidate)
      let allowed = max(1, min(wanted.count, name.count) / 3)
      let distance = wanted == name ? 0 : isBeginning(wanted, name) ? 1 : editDistance(wanted, name)
      guard distance <= allowed, distance < best?.distance ?? .max else { continue }
      best = (candidate, distance)
    }
    return best?.name
  }

  /// Letters from which on the beginning of a word stands for it: `warn` for `warning`.
  private static let minimumBeginning = 3

  /// True where one word is the beginning of the other.
  private static func isBeginning(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    let (shorter, longer) = left.count < right.count ? (left, right) : (right, left)
    return shorter.count >= minimumBeginning && longer.starts(with: shorter)
  }

  /// Small ASCII letters without separators: `min_stats`, `min-stats` and `minStats` are the same mistake.
  private static func normalized(_ word: String) -> [UInt8] {
    word.utf8.compactMap { byte in
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte + 32
      case UInt8(ascii: "-"), UInt8(ascii: "_"): nil
      default: byte
      }
    }
  }

  /// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
  static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforePrevious: [Int] = []
    var previous = Array(0...right.count)
    for i in left.indices {
      var current = [i + 1]
      for j in right.indices {
        var cost = min(previous[j] + (left[i] == right[j] ? 0 : 1), previous[j + 1] + 1, current[j] + 1)
        let isSwap = i > 0 && j > 0 && left[i] == right[j - 1] && left[i - 1] == right[j]
        if isSwap { cost = min(cost, beforePrevious[j - 1] + 1) }
        current.append(cost)
      }
      (beforePrevious, previous) = (previous, current)
    }
    return previous[right.count]
  }
}
