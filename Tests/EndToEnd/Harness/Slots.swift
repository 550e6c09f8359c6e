/// How many worlds run at the same time; the rest wait their turn, first come, first served. Each is several programs,
/// under the sanitizer several times as slow, and some of what they wait for has bounds of real time that are theirs,
/// not the tests': a webhook's answer within 2 s, say. Beside sixty other programs on two processors they would miss
/// those and tell the truth about it.
actor Slots {
  /// Those of all worlds.
  static let worlds = Slots(8)

  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  /// Makes as many slots, all of them free.
  init(_ count: Int) { free = count }

  /// Takes one, as soon as it is this caller's turn.
  func take() async {
    guard free == 0 else {
      free -= 1
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  /// Gives one back, to whoever waits longest.
  func giveBack() {
    guard !waiting.isEmpty else {
      free += 1
      return
    }
    waiting.removeFirst().resume()
  }
}
