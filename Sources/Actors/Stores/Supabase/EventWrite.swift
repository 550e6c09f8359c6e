internal import Platform

/// The course of writing some events into one table: what to do about each answer. It decides, the store acts.
struct EventWrite: Sendable {
  /// How long a table or a column may be unknown after it was made: the API reads its catalogue again.
  static let cachePatience = Duration.seconds(5)
  /// Answers that one write looks into before it gives up for now: each takes at least a column away or ends it.
  static let maximumAnswers = 12

  /// What the API may not know yet, though it is there.
  enum Unknown: Sendable, Hashable {
    /// The table.
    case table
    /// Its column `approved`: a row without it gets the column's default, and would count as a rejection where that is
    /// `false`.
    case approved

    /// What is waited for with a table.
    static func of(_ table: SupabaseTable) -> [Unknown] {
      table.columns.contains(EventWrite.approved) ? [.table, .approved] : [.table]
    }

    /// The name that its absence is noted under.
    func name(_ table: SupabaseTable) -> String {
      switch self {
      case .table: "missing.\(table.rawValue)"
      case .approved: "missing.\(table.rawValue).\(EventWrite.approved)"
      }
    }
  }

  /// The column that says whether people accepted something.
  private static let approved = "approved"

  /// What to do now.
  enum Step: Sendable, Hashable {
    /// Send the rows, with what is known of the table now.
    case send
    /// The same after a pause, since this is not known.
    case sendLater(Duration, Unknown)
    /// Send them one half after the other: one of them does not fit.
    case split
    /// Look whether the row is there already.
    case lookUp
    /// Write them into the other table; why, in words.
    case elsewhere(String)
    /// They wait for a person.
    case blocked(String)
    /// They are tried again.
    case transient(String, after: Duration?)
  }

  /// Where to.
  let table: SupabaseTable
  /// How many rows.
  let count: Int
  /// With which rights, and where: for remedies.
  let endpoint: SupabaseEndpoint
  /// What is known of the table.
  private(set) var knowledge: SupabaseSession.TableKnowledge
  /// What was refused of the same batch.
  private(set) var alike: AlikeRefusals
  private var answers = 0
  private var waited: Set<Unknown>

  /// A write that has not begun.
  ///
  /// - Parameters:
  ///   - waited: what has been missing for longer than `cachePatience` already.
  ///   - alike: what was refused of the same batch.
  init(
    _ table: SupabaseTable, count: Int, endpoint: SupabaseEndpoint, knowledge: SupabaseSession.TableKnowledge,
    waited: Set<Unknown> = [], alike: AlikeRefusals = AlikeRefusals()
  ) {
    self.table = table
    self.count = count
    self.endpoint = endpoint
    self.knowledge = knowledge
    self.waited = waited
    self.alike = alike
  }

  /// What holds for the next write, too. Whether there is a column `approved` is asked each time: it may be added, with
  /// any default.
  var lasting: SupabaseSession.TableKnowledge {
    var lasting = knowledge
    lasting.missing.remove(Self.approved)
    return lasting
  }

  /// Whether the rows are written without this.
  func isWithout(_ unknown: Unknown) -> Bool { unknown == .approved && knowledge.missing.contains(Self.approved) }

  /// The first step.
  func onStart() -> Step {
    table.recognises(knowledge) ? .send : .blocked(unrecognisable)
  }

  /// The server refused.
  mutating func onProblem(_ problem: StoreProblem) -> Step {
    answers += 1
    guard answers < Self.maximumAnswers else { return .transient(problem.description, after: nil) }
    if problem.isTransient { return .transient(problem.description, after: problem.retryAfter) }
    switch problem.kind {
    case .missingTable: return onMissingTable(problem)
    // The new key of `anon` comes as a JWT, so that its refusal is 403.
    case .denied where endpoint.role == "anon", .deniedToAnonymous:
      return .blocked(
        "\(problem). \(Remedy.otherKey(endpoint)), or run in the SQL editor: "
          + Remedy.access(table.rawValue, endpoint, problem, "SELECT, INSERT"))
    case .denied: return onDenied(problem)
    case .missingColumn(let name):
      guard let name, table.columns.contains(name), !knowledge.missing.contains(name) else { return blocked(problem) }
      // Postgres itself says 42703; PGRST204 comes of the catalogue as the API has it.
      if name == Self.approved, problem.code == "PGRST204", waited.insert(.approved).inserted {
        return .sendLater(Self.cachePatience, .approved)
      }
      knowledge.missing.insert(name)
      return onStart()
    case .refused where problem.isAboutConflict && knowledge.ignoresDuplicates:
      // What is there already comes back as a duplicate, and is looked for.
      knowledge.ignoresDuplicates = false
      return onStart()
    case .refused where isAboutID(problem):
      knowledge.takesID = false
      knowledge.countsIDs = problem.isAboutInteger
      return onStart()
    case .refused
    where problem.generatedColumn.map { table.columns.contains($0) && !knowledge.missing.contains($0) } ?? false:
      // It makes its value itself.
      if let column = problem.generatedColumn { knowledge.missing.insert(column) }
      return onStart()
    case .duplicate: return count > 1 ? .split : .lookUp
    case .refused, .tooMuch:
      if count > 1 { return alike.speaksForAll(problem) ? blocked(problem) : .split }
      alike.onRefused(problem)
      return blocked(problem)
    case .badKey, .wrongAddress, .unavailable, .unreachable, .unanswered, .notUnderstood, .cancelled:
      return .transient(problem.description, after: problem.retryAfter)
    }
  }

  private mutating func onMissingTable(_ problem: StoreProblem) -> Step {
    if waited.insert(.table).inserted { return .sendLater(Self.cachePatience, .table) }
    switch table {
    case .systemEvents:
      return .elsewhere(
        "\(problem). Events go to learning_events until it is there; run in the SQL editor: "
          + Remedy.systemEvents(endpoint, problem))
    case .learningEvents:
      return .blocked(
        "\(problem), nor system_events. Run in the SQL editor: \(Remedy.systemEvents(endpoint, problem))"
      )
    }
  }

  private func onDenied(_ problem: StoreProblem) -> Step {
    let remedy = Remedy.access(table.rawValue, endpoint, problem, "SELECT, INSERT")
    switch table {
    case .systemEvents:
      return .elsewhere("\(problem). Events go to learning_events until this is run in the SQL editor: \(remedy)")
    case .learningEvents: return .blocked("\(problem). Run in the SQL editor: \(remedy)")
    }
  }

  /// A row that does not fit, with what makes it fit.
  private func blocked(_ problem: StoreProblem) -> Step {
    guard let remedy = Remedy.column(table.rawValue, problem, knowledge) else { return .blocked(problem.description) }
    let why =
      table == .learningEvents && problem.message.contains("\"approved\"")
      ? " A retrain is no rejection and must not count as one." : ""
    return .blocked("\(problem).\(why) Run in the SQL editor: \(remedy)")
  }

  /// Ids that the table counts itself, or that have another form.
  private func isAboutID(_ problem: StoreProblem) -> Bool {
    guard knowledge.takesID, !knowledge.missing.contains("id") else { return false }
    switch problem.code {
    case "428C9": return problem.generatedColumn ?? "id" == "id"
    case "22P02":
      let given = StoreProblem.text(in: problem.message, after: ": \"", before: "\"")
      guard given.map({ $0.utf8.count == 36 }) ?? true else { return false }
      return problem.isAboutInteger || problem.message.contains("for type numeric")
    default: return false
    }
  }

  private var unrecognisable: String {
    "\(table.rawValue) at \(endpoint) has neither a column id that takes a uuid nor a column metadata, so an event in it "
      + "could not be recognised. Run in the SQL editor: ALTER TABLE public.\(table.rawValue) ADD COLUMN metadata jsonb; "
      + Remedy.reload
  }
}
