internal import Platform
internal import Rules

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// The cycles of an evaluation as JSON columns.
enum EvaluationJSON {
  /// Cycles that count.
  static func text(of cycles: [Cycle]) -> String {
    JSONText.of(
      .array(
        cycles.map { cycle in
          var fields: [(String, JSONText.Value)] = [
            ("id", .text(cycle.id)), ("timestamp", .text(cycle.timestamp.sortableText)),
            ("start", .text(cycle.start.sortableText)),
          ]
          if let version = cycle.modelVersion { fields.append(("model_version", .text(version))) }
          switch cycle.evidence {
          case .counted(let accepted, let rejected, let edited):
            fields += [
              ("accepted", .integer(accepted)), ("rejected", .integer(rejected)), ("edited", .integer(edited)),
            ]
          case .uncounted(let rate): fields.append(("rate", .real(rate)))
          }
          return .object(fields)
        }))
  }

  /// Rows that do not: how many by reason, and the newest of them.
  static func leftOut(of evaluation: Evaluation) -> String {
    let counts = Exclusion.allCases.compactMap { why in
      evaluation.leftOutCounts[why].map { (why.rawValue, JSONText.Value.integer(Int64($0))) }
    }
    let rows = evaluation.leftOut.map { row in
      JSONText.Value.object([
        ("id", .text(row.id)), ("timestamp", .optional(row.timestamp?.sortableText)),
        ("why", .text(row.why.rawValue)),
      ])
    }
    return JSONText.of(.object([("counts", .object(counts)), ("rows", .array(rows))]))
  }

  /// Reads cycles that count; what cannot be read is left out.
  static func cycles(_ text: String) -> [Cycle] {
    decode([StoredCycle].self, text).map { stored in
      Cycle(
        id: stored.id, modelVersion: stored.modelVersion,
        timestamp: Timestamp(parsing: stored.timestamp) ?? .unknown,
        start: Timestamp(parsing: stored.start) ?? .unknown,
        evidence: stored.rate.map { .uncounted(rate: $0) }
          ?? .counted(
            accepted: stored.accepted ?? 0, rejected: stored.rejected ?? 0, edited: stored.edited ?? 0))
    }
  }

  /// Reads rows that do not, and their counts; what cannot be read is left out. Without counts the text is the bare
  /// array of all rows that was stored once.
  static func leftOut(_ text: String) -> (rows: [LeftOutRow], counts: [Exclusion: Int]?) {
    let stored = try? JSONDecoder().decode(StoredLeftOut.self, from: Data(text.utf8))
    let rows = (stored?.rows ?? decode([StoredRow].self, text)).compactMap { row in
      Exclusion(rawValue: row.why).map { why in
        LeftOutRow(id: row.id, timestamp: row.timestamp.flatMap { Timestamp(parsing: $0) }, why: why)
      }
    }
    guard let stored else { return (rows, nil) }
    var counts: [Exclusion: Int] = [:]
    for (name, count) in stored.counts where count > 0 {
      if let why = Exclusion(rawValue: name) { counts[why] = count }
    }
    return (rows, counts)
  }

  private static func decode<Row: Decodable>(_: [Row].Type, _ text: String) -> [Row] {
    (try? JSONDecoder().decode([Row].self, from: Data(text.utf8))) ?? []
  }

  private struct StoredCycle: Decodable {
    var id: String
    var timestamp: String
    var start: String
    var modelVersion: String?
    var accepted: Int64?
    var rejected: Int64?
    var edited: Int64?
    var rate: Double?

    enum CodingKeys: String, CodingKey {
      case id, timestamp, start, accepted, rejected, edited, rate
      case modelVersion = "model_version"
    }
  }

  private struct StoredLeftOut: Decodable {
    var counts: [String: Int]
    var rows: [StoredRow]
  }

  private struct StoredRow: Decodable {
    var id: String
    var timestamp: String?
    var why: String
  }
}
