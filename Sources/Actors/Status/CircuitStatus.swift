public import Journal
public import Rules
public import Stores

extension StatusReport {
  /// A model on which nothing is done by itself any more.
  public struct Circuit: Sendable, Hashable, Codable {
    /// The model.
    public var model: String
    /// Why.
    public var why: String
    /// False where no cycle, judgement or configuration names it; nil from a daemon of an earlier version.
    public var isNamed: Bool?

    /// A model, and why.
    public init(model: String, why: String, isNamed: Bool? = nil) {
      self.model = model
      self.why = why
      self.isNamed = isNamed
    }
  }
}

extension StatusReport.Circuit {
  /// Models that are listed.
  static let maximum = 20
  /// Models that are looked through for them.
  static let looked = 200
  /// How long one is listed that nothing names: there is no work on it that could be done by itself.
  static let shownUnnamed = Duration.seconds(24 * 3600)

  /// As the journal knows them; nil where that cannot be read.
  ///
  /// - Parameter stats: where cycles come from; nil for those at hand.
  public static func all(
    _ journal: Journal, _ settings: Settings, stats: (any StatsSource)? = nil, now: Timestamp
  ) async -> [Self]? {
    guard let open = try? await journal.openCircuits(limit: looked) else { return nil }
    if open.isEmpty { return [] }
    let stats = stats ?? StoreParts.atHand(settings, journal)
    let known = try? await KnownModels(settings, stats: stats, journal)
    var found: [Self] = []
    for circuit in open where found.count < maximum {
      // What cannot be told is told.
      let isNamed = (try? await known?.contains(circuit.model)) ?? true
      if !isNamed, let ended = circuit.ended, now - ended > shownUnnamed { continue }
      found.append(Self(model: circuit.model, why: circuit.why, isNamed: isNamed))
    }
    return found
  }
}
