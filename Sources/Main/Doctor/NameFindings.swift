import Actors
import Rules

/// Models whose names may be mistyped: what the configuration, a flag or cycles name, and nobody has.
struct NameFindings {
  /// Models that the configuration names.
  var configured: [String] = []
  /// Models that the daemon watches without cycles, and that the configuration does not name: a flag did.
  var flagged: [String] = []
  /// Models that cycles name.
  var rows: [String] = []
  /// Models that the server has; nil where it does not answer.
  var present: [String]?
  /// Those of them that can be meant: versions that are kept to go back to are none.
  private var served: [String]? { present?.filter { !ModelName.isHeld($0) } }

  /// Everything that is to be said of names, each of them once.
  ///
  /// - Parameter circuits: models on which nothing is done any more.
  func all(_ circuits: [StatusReport.Circuit]) -> [Finding] {
    var told: Set<String> = []
    let stopped = circuits.map { circuit in
      if circuit.isNamed != false { told.insert(ModelName.normalised(circuit.model)) }
      return self.circuit(circuit)
    }
    var findings: [Finding] = []
    for model in configured + flagged + rows {
      guard !told.contains(ModelName.normalised(model)), let found = withoutCycles(model) ?? missing(model) else {
        continue
      }
      told.insert(ModelName.normalised(model))
      findings.append(found)
    }
    return stopped + findings
  }

  /// A model without automatic work.
  private func circuit(_ circuit: StatusReport.Circuit) -> Finding {
    let (model, name) = (circuit.model, circuit.model.shownName)
    let isPresent = present?.contains { ModelName.normalised($0) == ModelName.normalised(model) } ?? false
    if circuit.isNamed == false, !isPresent {
      return Finding(
        .note, .daemon, "the last run of \(name) failed, and no cycle or configuration names it",
        why: "\(circuit.why); nothing is to be done, and it is told for a day")
    }
    let what = "nothing is done on \(name) by itself any more"
    guard isMissing(model) else {
      return Finding(
        .warning, .daemon, what, why: circuit.why, type: "retraind retrain \(ProgramPath.quoted(name)) --wait")
    }
    var finding = missing(model) ?? Finding(.warning, .daemon, what)
    (finding.topic, finding.what) = (.daemon, what)
    finding.why = "\(circuit.why); \(finding.why ?? "the server does not have it")"
    return finding
  }

  /// One that is watched and has no cycle, while cycles are about a name that is nearly the same.
  private func withoutCycles(_ model: String) -> Finding? {
    guard !isIn(rows, model), !(present.map { isIn($0, model) } ?? false),
      let near = NearModel.of(model, among: rows), !isIn(configured, near)
    else { return nil }
    let who = isIn(configured, model) ? "the configuration names it" : "the daemon watches it"
    return Finding(
      .warning, .cycles, "\(model.shownName) has no cycle, and \(near.shownName) has: is the name right?",
      why: "\(who), and what it is about is never judged by cycles of another name",
      write: inPlace(near, model))
  }

  /// One that is to be watched and is not on the server.
  private func missing(_ model: String) -> Finding? {
    guard isMissing(model), let served else { return nil }
    let name = model.shownName
    let (isConfigured, hasRows) = (isIn(configured, model), isIn(rows, model))
    let who =
      isConfigured ? "the configuration names it" : hasRows ? "cycles are about it" : "the daemon watches it"
    var finding = Finding(
      .warning, .ollama, "\(name) is not on the server", why: "\(who); a refresh would download it whole",
      type: "ollama pull \(ProgramPath.quoted(name))")
    guard let near = NearModel.of(model, among: served) else { return finding }
    guard isConfigured || !hasRows else {
      // Which of the two its cycles are about only people know, and cycles of two models cannot be told apart again.
      finding.why = "\(who); the server has \(near.shownName): fetch the one, or record its cycles under the other name"
      return finding
    }
    finding.why = "\(who); the server has \(near.shownName): fetch the one, or correct the name:"
    finding.write = inPlace(near, model)
    return finding
  }

  private func inPlace(_ near: String, _ model: String) -> String {
    let place =
      isIn(configured, model) ? "in retraind.json5" : "where the daemon is told of it: --model or its configuration"
    return "\"\(near.shownName)\" in place of \"\(model.shownName)\"   (\(place))"
  }

  private func isMissing(_ model: String) -> Bool { present.map { !isIn($0, model) } ?? false }

  private func isIn(_ names: [String], _ model: String) -> Bool { names.contains { ModelName.isSame($0, model) } }
}
