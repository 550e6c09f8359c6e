import Actors
import Rules
import TestSupport
import Testing

@testable import Main

@Suite("configuration under mutated input", .timeLimit(.minutes(5)))
struct ScannerFuzzTests {
  /// A file with everything in it.
  static let whole = """
    // All of it.
    {
      "$schema": 'x', model: "psa-engine:latest", interval: "60m", threshold: .6, window: +5, minStats: 0x3,
      rule: 'mean', cooldown: "24h", rearm: "newEvidence", staleAfter: "30d", strategy: "pull", /* c */
      models: { "other:7b": { threshold: 0.7, window: 5e0, }, 'b': {} },
      ollama: { host: "http://127.0.0.1:11434", transport: "auto", pullTimeout: "10m", stopGrace: "10s",
        stallTimeout: "90s", backup: true, program: "ollama" },
      supabase: { url: "https://x.supabase.co", keyFile: "/run/secrets/supabase" },
      store: { path: "data/\\u0072etraind.db" },
      log: { file: "logs/model_\\
    retrainer.log", level: "info", format: "text" },
    }
    """
  /// Pieces that break things.
  static let pieces: [[UInt8]] =
    [
      "{", "}", "[", "]", ",", ":", "\"", "'", "\\", "\\u", "\\uD800", "/*", "*/", "//", "\n", "\r", "\u{2028}", "-",
      "+",
      ".", "0x", "1e999", "NaN", "-Infinity", "\u{FEFF}", "null", "#", "\u{0}", "40", "\"-5m\"", "[[[[[[[[[[[[",
      "{a:{a:{a:{a:", "99999999999999999999999999", "\"\\",
    ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80]]

  /// One more mutation.
  static func mutate(_ bytes: inout [UInt8], using generator: inout SeededGenerator) {
    let place = Int.random(in: 0...bytes.count, using: &generator)
    let end = min(bytes.count, place + Int.random(in: 0...12, using: &generator))
    switch Int.random(in: 0..<6, using: &generator) {
    case 0: bytes.insert(contentsOf: pieces[Int.random(in: 0..<pieces.count, using: &generator)], at: place)
    case 1: bytes.removeSubrange(place..<end)
    case 2: if place < bytes.count { bytes[place] = UInt8.random(in: 0...255, using: &generator) }
    case 3: bytes.replaceSubrange(place..<end, with: pieces[Int.random(in: 0..<pieces.count, using: &generator)])
    case 4: bytes.insert(contentsOf: Array(bytes[place..<end]), at: Int.random(in: 0...bytes.count, using: &generator))
    default: bytes.removeSubrange(place...)
    }
  }

  /// Reads bytes as the loader does; whatever comes out must keep its promises.
  static func read(_ bytes: [UInt8]) -> Bool {
    do throws(ConfigErrors) {
      let loaded = try ConfigurationLoader.load(
        flags: FlagOverrides(), environment: [:], workingDirectory: "/w",
        readFile: { $0 == "/w/retraind.json5" ? .contents(bytes) : .absent })
      #expect((0...1).contains(loaded.settings.rules.threshold))
      #expect((1...loaded.settings.rules.window).contains(loaded.settings.rules.minStats))
      #expect(loaded.settings.interval >= .seconds(1))
      return true
    } catch {
      #expect(!error.errors.isEmpty && error.errors.count <= ConfigErrors.limit)
      for problem in error.errors {
        let line = problem.description
        #expect(!line.contains("\n") && !line.contains("\u{1B}"), "\(line)")
        #expect(!problem.message.isEmpty)
        if let position = problem.position { #expect(position.line >= 1 && position.column >= 1) }
      }
      return false
    }
  }

  @Test("the file with everything is right as it stands")
  func unmutated() { #expect(Self.read(Array(Self.whole.utf8))) }

  @Test("no mutation crashes the reader or makes a wrong value pass", arguments: 0..<8)
  func mutations(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    var accepted = 0
    var refused = 0
    for _ in 0..<250 {
      var bytes = Array(Self.whole.utf8)
      for _ in 0..<Int.random(in: 1...4, using: &generator) { Self.mutate(&bytes, using: &generator) }
      if Self.read(bytes) { accepted += 1 } else { refused += 1 }
    }
    // Both must happen, or the mutations reach nothing.
    #expect(accepted > 0 && refused > 0)
  }

  @Test("noise never crashes the reader", arguments: 100..<104)
  func noise(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<250 {
      var bytes: [UInt8] = []
      for _ in 0..<Int.random(in: 0...60, using: &generator) {
        bytes += Self.pieces[Int.random(in: 0..<Self.pieces.count, using: &generator)]
      }
      _ = Self.read(bytes)
    }
  }
}
