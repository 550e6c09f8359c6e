/// What the stand-in has, what its registry has, and which recording the next pull of each model plays.
struct ModelTable: Sendable {
  /// A name on the server.
  struct Model: Sendable {
    /// Digest of the manifest.
    var digest: String
    /// Digest of the weights layer.
    var weights: String
    /// RFC 3339, as the server prints it.
    var modifiedAt: String
  }

  /// A name in the registry.
  private struct Published: Sendable {
    /// Which version the registry has; 0 is what the server began with.
    var version = 0
    /// Pulls that ended with `success`.
    var pulled = 0
    /// Bytes of the first layer that a pull that was left behind.
    var partial = 0
    /// What the pulls of this model play, instead of what is usual; the last one is played again and again.
    var scenario: [Play] = []
    /// How many of them have been played.
    var played = 0
  }

  /// A process that serves a model's weights.
  struct Runner: Sendable {
    /// The name by which it was loaded.
    var name: String
    /// What that name stood for then.
    var digest: String
  }

  /// Names on the server, with what they stand for.
  private(set) var models: [String: Model] = [:]
  /// Loaded models.
  private(set) var runners: [Runner] = []
  private var published: [String: Published] = [:]
  /// The first name keeps the digests that were recorded.
  private let first: String?
  private let changing: Bool
  private let foldsCase: Bool
  private let plays: PullPlays
  /// What is said of a name that differs from another in upper and lower case only.
  static let taken = "a model with that name already exists"

  /// A table in which the server has `models` and its registry those, `registry` and every model of a scenario.
  init(
    models: [String], registry: [String], scenarios: [String: [Play]], changing: Bool, foldsCase: Bool,
    plays: PullPlays, now: String
  ) {
    let local = models.map(Self.full)
    first = local.first
    self.changing = changing
    self.foldsCase = foldsCase
    self.plays = plays
    for name in local + registry.map(Self.full) + scenarios.keys.map(Self.full) { published[name] = Published() }
    for (name, plays) in scenarios { published[Self.full(name)]?.scenario = plays }
    for name in local { self.models[name] = version(0, of: name, now: now) }
  }

  /// `tiny` is `tiny:latest`.
  static func full(_ name: String) -> String {
    let last = name.split(separator: "/").last ?? ""
    return last.contains(":") ? name : name + ":latest"
  }

  /// The name under which there is something, where there is: in whatever case.
  private func existing(_ name: String) -> String {
    let name = Self.full(name)
    guard foldsCase, models[name] == nil else { return name }
    return models.keys.first { $0.lowercased() == name.lowercased() } ?? name
  }

  /// True where a name differs from one that is there in upper and lower case only, and that makes it another one.
  func isTaken(_ name: String) -> Bool {
    let name = Self.full(name)
    return !foldsCase && models.keys.contains { $0 != name && $0.lowercased() == name.lowercased() }
  }

  /// What a name stands for.
  func model(_ name: String) -> Model? { models[existing(name)] }

  /// Gives a model a second name; false where there is none.
  mutating func copy(_ source: String, to destination: String, now: String) -> Bool {
    guard var model = model(source) else { return false }
    model.modifiedAt = now
    models[existing(destination)] = model
    return true
  }

  /// Removes a name; false where there is none.
  mutating func delete(_ name: String) -> Bool {
    models.removeValue(forKey: existing(name)) != nil
  }

  /// Loads a model, unless a runner has its weights already; false where there is none.
  mutating func load(_ name: String) -> Bool {
    guard let model = model(name) else { return false }
    if !runners.contains(where: { $0.digest == model.digest }) {
      runners.insert(Runner(name: existing(name), digest: model.digest), at: 0)
    }
    return true
  }

  /// Ends the runner of what the name stands for *now*: one that was loaded before a pull stays. False where there is
  /// no such model.
  mutating func unload(_ name: String) -> Bool {
    guard let model = model(name) else { return false }
    runners.removeAll { $0.digest == model.digest }
    return true
  }

  /// What a pull that begins now plays.
  mutating func beginPull(_ name: String) -> Play {
    let name = existing(name)
    guard var entry = published[name] else { return plays.unknown }
    defer { published[name] = entry }
    guard entry.scenario.isEmpty else {
      let index = min(entry.played, entry.scenario.count - 1)
      entry.played += 1
      return PullPlays.goingOn(entry.scenario, from: index)
    }
    guard changing || entry.pulled == 0 || models[name] == nil else { return plays.upToDate }
    return PullPlays.resumed(changing ? plays.changed : plays.download, after: entry.partial)
  }

  /// A pull ended with `success`.
  mutating func succeeded(_ name: String, now: String) {
    let name = existing(name)
    guard var entry = published[name] else { return }
    entry.pulled += 1
    entry.partial = 0
    if changing { entry.version += 1 }
    published[name] = entry
    models[name] = version(entry.version, of: name, now: now)
  }

  /// A pull ended before that: the bytes that arrived are kept.
  mutating func left(_ name: String, partial: Int) {
    let name = existing(name)
    guard let known = published[name]?.partial else { return }
    published[name]?.partial = max(known, partial)
  }

  private func version(_ number: Int, of name: String, now: String) -> Model {
    let recorded = plays.recordedVersions
    if name == first, recorded.indices.contains(number) {
      return Model(digest: recorded[number].digest, weights: recorded[number].weights, modifiedAt: now)
    }
    return Model(
      digest: Self.hexadecimal("manifest \(name) \(number)"), weights: Self.hexadecimal("weights \(name) \(number)"),
      modifiedAt: now)
  }

  /// Sixty-four stable digits for a text; they only have to look like a digest and differ.
  static func hexadecimal(_ text: String) -> String {
    (0..<4).map { round -> String in
      var hash: UInt64 = 0xCBF2_9CE4_8422_2325 &+ UInt64(round) &* 0x9E37_79B9_7F4A_7C15
      for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
      hash = (hash ^ (hash >> 29)) &* 0xBF58_476D_1CE4_E5B9
      let digits = String(hash ^ (hash >> 32), radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}
