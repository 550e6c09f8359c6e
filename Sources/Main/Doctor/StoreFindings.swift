import Actors
import Rules
import Stores

/// Where cycles come from, and what they are worth.
enum StoreFindings {
  /// The project.
  static func project(_ facts: ProjectFacts) -> [Finding] {
    var findings: [Finding] = []
    if let role = weakRole(facts.key) {
      findings.append(
        Finding(
          .warning, .supabase, "the key is one of the role \(role)",
          why: "row-level security may hide cycles from it, and events may be refused: the service role's is meant",
          write: keyFile))
    }
    if let base = facts.bareBase {
      findings.append(
        Finding(
          .note, .supabase, "tables are asked for at \(base), without /rest/v1",
          why: "a PostgREST of its own answers there, with no gateway before it"))
    }
    // The same trouble of every table is told once.
    var told: Set<String> = []
    for table in facts.tables { findings += Self.table(table, facts, &told) }
    let missing = facts.tables.filter { if case .missing = $0.state { true } else { false } }.map(\.name)
    if missing.contains(ProjectInspection.events), missing.contains(ProjectInspection.otherEvents) {
      findings.append(
        Finding(
          .error, .supabase, "there is no table that events could go to",
          why:
            "\(ProjectInspection.events) and \(ProjectInspection.otherEvents) are missing: events wait in the journal",
          type: schema))
    }
    return findings
  }

  /// Prints what the SQL editor takes.
  private static let schema = "retraind schema --postgres"
  /// Names another key.
  private static let keyFile =
    "supabase: { keyFile: \"FILE\" }   (in retraind.json5; FILE holds the service role's key of the project's API settings)"

  private static func weakRole(_ kind: SupabaseEndpoint.KeyKind) -> String? {
    switch kind {
    case .publishable: "anon"
    case .legacy(let role) where role != "service_role": role.shownName
    case .secret, .legacy, .unknown: nil
    }
  }

  private static func table(
    _ table: ProjectInspection.Table, _ facts: ProjectFacts, _ told: inout Set<String>
  ) -> [Finding] {
    let isStats = table.name == ProjectInspection.stats
    switch table.state {
    case .readable(let isEmpty, let missing): return readable(table.name, isEmpty, missing)
    case .missing(let why):
      return [
        Finding(
          isStats ? .error : .warning, .supabase, "\(table.name) is missing",
          why: isStats
            ? why
            : "\(why); "
              + (table.name == ProjectInspection.events
                ? "events go to \(ProjectInspection.otherEvents) instead"
                : "it is where events go without \(ProjectInspection.events)"),
          type: schema)
      ]
    case .denied(let why, let remedy):
      return [
        Finding(
          isStats ? .error : .warning, .supabase, "\(table.name) may not be used with this key", why: why,
          write: "\(remedy)   (in the project's SQL editor)")
      ]
    case .badKey(let why):
      guard told.insert("key").inserted else { return [] }
      return [
        Finding(
          .error, .supabase, "\(facts.url) does not accept the key", why: why,
          write: keyFile)
      ]
    case .failed(let why):
      guard told.insert("failed").inserted else { return [] }
      return [
        Finding(
          .error, .supabase, "\(facts.url) cannot be read",
          why: "\(why); checks go on with the cycles that were read before",
          type: "curl -I \(ProgramPath.quoted(facts.url))")
      ]
    }
  }

  private static func readable(_ name: String, _ isEmpty: Bool, _ missing: [String]) -> [Finding] {
    var findings: [Finding] = []
    if name == ProjectInspection.stats {
      if isEmpty {
        findings.append(
          Finding(
            .note, .supabase, "\(name) shows no row",
            why: "it is empty, or row-level security hides its rows from this key; the two look the same",
            write: "SELECT count(*) FROM public.\(name);   (in the project's SQL editor)"))
      }
      let saysNothing =
        missing.contains("accept_rate") && (missing.contains("accepted") || missing.contains("rejected"))
      if saysNothing {
        findings.append(
          Finding(
            .error, .supabase, "\(name) has neither accept_rate nor accepted and rejected",
            why: "no row of it tells how a cycle went", type: schema))
      } else if missing.contains("model") {
        findings.append(
          Finding(
            .note, .supabase, "\(name) has no column model",
            why: "every cycle is about the one model that the configuration names",
            write: "ALTER TABLE public.\(name) ADD COLUMN model text;   (in the project's SQL editor)"))
      }
    } else if missing.contains("id"), missing.contains("metadata") {
      findings.append(
        Finding(
          .warning, .supabase, "\(name) has neither id nor metadata",
          why: "an event in it cannot be recognised again, so that it may be written twice", type: schema))
    } else if missing.contains("event_type") {
      findings.append(
        Finding(
          .warning, .supabase, "\(name) has no column event_type", why: "events cannot be told apart", type: schema))
    }
    return findings
  }

  /// The cycles.
  ///
  /// - Parameters:
  ///   - present: models of the server, for a suggestion.
  ///   - isAttributed: true where a daemon runs that knows which model the rows without one are about.
  static func cycles(_ facts: CycleFacts, present: [String], isAttributed: Bool = false) -> [Finding] {
    if let why = facts.failure {
      return [Finding(.error, .cycles, "the cycles cannot be read", why: why, type: "retraind check --dry-run")]
    }
    // Rows that are left out are cycles, too: a check's words tell why none of them counts.
    let isEmpty = facts.entries.allSatisfy {
      $0.have == 0 && $0.quarantined == 0 && $0.verdict == .insufficient
        && !$0.reason.contains(Exclusion.announcement)
    }
    if isEmpty {
      return [
        Finding(
          .note, .cycles, "there is no cycle yet", why: "models are judged by what people accept of their answers",
          type: "retraind record --help")
      ]
    }
    let served = present.filter { !ModelName.isHeld($0) }
    return facts.entries.flatMap { entry($0, served, isAttributed: isAttributed) }
  }

  private static func entry(_ entry: CheckEntry, _ present: [String], isAttributed: Bool) -> [Finding] {
    var findings: [Finding] = []
    let name = entry.model?.shownName ?? "rows without a model"
    switch entry.verdict {
    case .unattributed where entry.model == nil && isAttributed: break
    case .unattributed where entry.model == nil:
      let example = present.first?.shownName ?? "NAME"
      findings.append(
        Finding(
          .warning, .cycles, "rows name no model, and none is configured", why: "they are judged, and never acted upon",
          write: "model: \"\(example)\"   (in retraind.json5; or start the daemon with --model \(example))"))
    case .unattributed: findings.append(Finding(.warning, .cycles, "\(name): \(entry.reason)"))
    case .stale:
      findings.append(
        Finding(
          .warning, .cycles, "\(name) has had no new cycle for long", why: entry.reason,
          type: "retraind history\(entry.model.map { " --model \(ProgramPath.quoted($0.shownName))" } ?? "") --limit 3")
      )
    case .insufficient, .degraded: findings.append(Finding(.note, .cycles, "\(name): \(entry.reason)"))
    case .healthy: break
    }
    if entry.quarantined > 0 {
      let isFuture = entry.quarantine?.contains("future") == true
      findings.append(
        Finding(
          .warning, .cycles,
          "\(entry.quarantined) row\(entry.quarantined == 1 ? "" : "s") of \(name) \(entry.quarantined == 1 ? "is" : "are") wrong and left out",
          why: (entry.quarantine ?? "") + (isFuture ? "; is a clock wrong, this machine's or its writer's?" : ""),
          type: isFuture ? "date -u" : "retraind history --limit 20"))
    }
    return findings
  }
}
