internal import Actors
internal import Rules

/// What `feedback` is asked for.
extension ArgumentParser {
  /// `feedback`: one judgement, or a file of them.
  func feedback() throws(UsageError) -> FeedbackOptions {
    let kinds = ["--approve", "--reject", "--correct", "--edited"].filter {
      scanned.flags.contains($0) || scanned.values[$0] != nil
    }
    let model = try model("--model")
    if let file = try value("--import", FieldCheck.path) {
      let others = (kinds + CommandSpec.detailsOfJudgement).filter {
        scanned.flags.contains($0) || scanned.values[$0] != nil
      }
      if let other = others.first {
        throw UsageError("--import and \(other) exclude each other", hint: "What a line says stands in the line.")
      }
      return FeedbackOptions(file: file, model: model)
    }
    guard let model else { throw missing("--model M", "the model that was judged") }
    guard let kind = kinds.first else {
      throw missing("--approve, --reject, --correct TEXT, --edited or --import FILE", "what was thought of the answer")
    }
    if kinds.count > 1 {
      throw UsageError("\(kinds.joined(separator: " and ")) exclude each other", hint: "Name one of them.")
    }
    var judgement = Judgement(
      kind == "--approve" ? .approval : kind == "--reject" ? .rejection : kind == "--correct" ? .correction : .edited,
      model: model)
    judgement.correction = scanned.values["--correct"] ?? scanned.values["--edited"]
    judgement.prompt = scanned.values["--prompt"]
    judgement.completion = scanned.values["--completion"]
    judgement.modelVersion = try value("--version") { text throws(FieldProblem) in try CountArgument.label(text) }
    judgement.id = try value("--id") { text throws(FieldProblem) in try CountArgument.label(text) }
    judgement.confidence = try number("--confidence") { number throws(FieldProblem) in
      try FieldCheck.confidence(number)
    }
    judgement.microseconds = try value("--timestamp", TimestampArgument.parse)?.microseconds
    return FeedbackOptions(judgement: judgement)
  }
}
