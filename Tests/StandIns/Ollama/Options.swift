/// What `serve` was told.
struct ServeOptions: Sendable {
  /// Port on 127.0.0.1; 0 takes a free one.
  var port: UInt16 = 0
  /// Where the port is written to as soon as the server listens.
  var portFile: String?
  /// Where events are appended to.
  var log: String?
  /// How many times faster than recorded.
  var speed = 20.0
  /// What the server has at the start; the registry has it too.
  var models = ["psa-engine:latest"]
  /// What only the registry has.
  var registry: [String] = []
  /// What is loaded at the start.
  var loaded: [String] = []
  /// Whether every successful pull brings a new version.
  var changing = false
  /// Which servers it behaves like.
  var generation = Generation.recorded
  /// Recordings that the pulls of single models play.
  var scenario = "default"
  /// After how many seconds the server ends by itself.
  var lifetime = 120.0
  /// Where the recordings lie.
  var recordings = RecordingLibrary.besideSources

  /// Reads the words after `serve`.
  init(_ arguments: [String]) throws(StandInFailure) {
    var words = Words(arguments)
    while let word = words.next() {
      switch word {
      case "--port":
        let text = try words.value(of: word)
        guard let port = UInt16(text) else { throw StandInFailure("--port \(text): not a port") }
        self.port = port
      case "--port-file": portFile = try words.value(of: word)
      case "--log": log = try words.value(of: word)
      case "--speed": speed = try words.positive(word)
      case "--models": models = try words.list(word)
      case "--registry": registry = try words.list(word)
      case "--loaded": loaded = try words.list(word)
      case "--changing": changing = true
      case "--as":
        let text = try words.value(of: word)
        guard let generation = Generation(rawValue: text) else {
          throw StandInFailure("--as \(text): \(Generation.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        self.generation = generation
      case "--scenario": scenario = try words.value(of: word)
      case "--lifetime": lifetime = try words.positive(word)
      case "--recordings": recordings = try words.value(of: word)
      default: throw StandInFailure("serve does not know \(word)")
      }
    }
  }
}

/// Words of a command line, read one after the other.
struct Words {
  private var rest: ArraySlice<String>

  /// Begins at the first word.
  init(_ words: [String]) {
    rest = words[...]
  }

  /// The next word.
  mutating func next() -> String? { rest.popFirst() }

  /// The word that a flag needs.
  mutating func value(of flag: String) throws(StandInFailure) -> String {
    guard let value = rest.popFirst() else { throw StandInFailure("\(flag) needs a value") }
    return value
  }

  /// A number above 0.
  mutating func positive(_ flag: String) throws(StandInFailure) -> Double {
    let text = try value(of: flag)
    guard let number = Double(text), number > 0, number <= 1_000_000 else {
      throw StandInFailure("\(flag) \(text): a number above 0, at most 1000000")
    }
    return number
  }

  /// Names with commas between them.
  mutating func list(_ flag: String) throws(StandInFailure) -> [String] {
    try value(of: flag).split(separator: ",").map(String.init)
  }
}
