import Journal

/// How runs are told to people: each word once.
enum RunWords {
  /// `succeeded, updated`, `rolled back`, `failed, no such model`.
  static func outcome(state: String?, result: String?, error: String? = nil) -> String {
    once([state.map { RunState(rawValue: $0)?.words ?? $0 }, result, error])
  }

  /// `pull, manual`; `rollback`, which has no other trigger.
  static func origin(kind: String, trigger: String) -> String { once([kind, trigger]) }

  /// What is there, without what was said already.
  private static func once(_ words: [String?]) -> String {
    var told: [String] = []
    for word in words.compactMap({ $0 }) where !word.isEmpty && !told.contains(word) { told.append(word) }
    return told.joined(separator: ", ")
  }
}
