import Platform

/// One thing that the doctor found: what it is, why it matters, and what to type.
struct Finding: Sendable, Hashable {
  /// How much it matters, the worst first.
  enum Severity: Int, Sendable, Hashable, CaseIterable {
    /// Something does not work.
    case error
    /// Something will not work, or not as somebody thinks.
    case warning
    /// Something to know.
    case note

    /// As JSON and people have it.
    var word: String {
      switch self {
      case .error: "error"
      case .warning: "warning"
      case .note: "note"
      }
    }
  }

  /// What it is about.
  enum Topic: String, Sendable, Hashable, CaseIterable {
    /// Files, environment, flags.
    case configuration
    /// The directory that everything lies in.
    case state
    /// The SQLite file.
    case database
    /// Whether one runs, and what it says.
    case daemon
    /// The model server.
    case ollama
    /// The project that cycles come from.
    case supabase
    /// What models are judged by.
    case cycles
    /// Where people are told.
    case notify
    /// The log file.
    case log
    /// Clock, limits, service manager.
    case system
  }

  /// How much it matters.
  var severity: Severity
  /// What it is about.
  var topic: Topic
  /// What is so.
  var what: String
  /// Why, or what follows; nil where `what` says it.
  var why: String?
  /// What to type into a shell; nil where nothing is. Each line is one of several ways, and nothing but a command.
  var type: String?
  /// What to write elsewhere, with the place in brackets behind it; nil where nothing is.
  var write: String?

  /// Something found.
  init(
    _ severity: Severity, _ topic: Topic, _ what: String, why: String? = nil, type: String? = nil,
    write: String? = nil
  ) {
    self.severity = severity
    self.topic = topic
    self.what = what
    self.why = why
    self.type = type
    self.write = write
  }
}

/// Everything that was found, the worst first.
struct Diagnosis: Sendable, Hashable {
  /// Findings of one severity and topic that are listed; the rest is counted.
  static let maximumPerTopic = 10

  /// What was found.
  let findings: [Finding]

  /// Sorts and bounds findings: by severity, then by topic, then as they came.
  init(_ all: [Finding]) {
    var kept: [Finding] = []
    for severity in Finding.Severity.allCases {
      for topic in Finding.Topic.allCases {
        let group = all.filter { $0.severity == severity && $0.topic == topic }
        kept += group.prefix(Self.maximumPerTopic)
        let rest = group.count - Self.maximumPerTopic
        if rest > 0 {
          kept.append(Finding(severity, topic, "\(rest) more of this kind \(rest == 1 ? "is" : "are") not listed"))
        }
      }
    }
    findings = kept
  }

  /// How many there are of a severity.
  func count(_ severity: Finding.Severity) -> Int { findings.count { $0.severity == severity } }

  /// 0 where nothing is wrong, 1 with warnings, 3 with errors.
  var exitCode: Int32 {
    if count(.error) > 0 { return ExitCode.failure }
    return count(.warning) > 0 ? 1 : ExitCode.success
  }

  /// `1 error, 2 warnings, 3 notes`, or that nothing is wrong.
  var summary: String {
    func counted(_ severity: Finding.Severity) -> String? {
      let count = count(severity)
      return count == 0 ? nil : "\(count) \(severity.word)\(count == 1 ? "" : "s")"
    }
    let notes = counted(.note)
    let faults = [counted(.error), counted(.warning)].compactMap { $0 }
    guard !faults.isEmpty else { return "Nothing is wrong" + (notes.map { " (\($0))" } ?? "") + "." }
    return (faults + [notes].compactMap { $0 }).joined(separator: ", ") + "."
  }

  /// For programs.
  ///
  /// - Parameter milliseconds: how long it took to find out.
  func document(milliseconds: Int64) -> JSONText.Value {
    .object([
      (
        "findings",
        .array(
          findings.map { finding in
            .object([
              ("severity", .text(finding.severity.word)), ("topic", .text(finding.topic.rawValue)),
              ("what", .text(finding.what)), ("why", .optional(finding.why)), ("type", .optional(finding.type)),
              ("write", .optional(finding.write)),
            ])
          })
      ),
      ("errors", .integer(Int64(count(.error)))), ("warnings", .integer(Int64(count(.warning)))),
      ("notes", .integer(Int64(count(.note)))), ("milliseconds", .integer(milliseconds)),
    ])
  }

  /// For people: a line for each finding, below it why and what to type.
  func lines(_ terminal: Terminal) -> [String] {
    var lines: [String] = []
    for finding in findings {
      let mark: String
      switch finding.severity {
      case .error: mark = terminal.paint("✘ error  ", .red)
      case .warning: mark = terminal.paint("! warning", .yellow)
      case .note: mark = terminal.paint("· note   ", .dim)
      }
      lines.append("\(mark) \(finding.topic.rawValue): \(finding.what.shownText)")
      if let why = finding.why { lines.append("          why:  \(why.shownText)") }
      for (index, type) in (finding.type ?? "").split(separator: "\n").enumerated() {
        let word = index == 0 ? "type:" : "or:  "
        lines.append("          \(word) \(terminal.paint(String(type).shownText, .bold))")
      }
      if let write = finding.write { lines.append("          write: \(terminal.paint(write.shownText, .bold))") }
    }
    return lines
  }
}
