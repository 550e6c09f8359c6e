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

  /// Rows that do not.
  static func text(of rows: [LeftOutRow]) -> String {
    JSONText.of(
      .array(
        rows.map { row in
          .object([
            ("id", .text(row.id)), ("timestamp", .optional(row.timestamp?.sortableText)),
            ("why", .text(row.why.rawValue)),
          ])
        }))
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

  /// Reads rows that do not; what cannot be read is left out.
  static func leftOut(_ text: String) -> [LeftOutRow] {
    decode([StoredRow].self, text).compactMap { stored in
      Exclusion(rawValue: stored.why).map { why in
        LeftOutRow(id: stored.id, timestamp: stored.timestamp.flatMap { Timestamp(parsing: $0) }, why: why)
      }
    }
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

  private struct StoredRow: Decodable {
    var id: String
    var timestamp: String?
    var why: String
  }
}
