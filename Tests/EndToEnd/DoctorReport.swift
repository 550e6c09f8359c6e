import Platform
import Testing

/// What the doctor said.
struct DoctorReport {
  /// Times that a doctor is asked at most: on a busy machine one may be answered too late.
  private static let maximumLooks = 30

  /// How it ended.
  var finished: Finished
  /// What it printed.
  var document: JSONValue

  /// What was found, as `severity topic: what`.
  var lines: [String] {
    document["findings"].elements.map {
      "\($0["severity"].text ?? "") \($0["topic"].text ?? ""): \($0["what"].text ?? "")"
    }
  }

  /// Faults without notes.
  var faults: [String] { lines.filter { !$0.hasPrefix("note ") } }

  /// The command that a finding suggests whose words contain these.
  func type(of words: String) -> String? {
    document["findings"].elements.first { $0["what"].text?.contains(words) == true }?["type"].text
  }

  /// Asks the doctor until it says what is waited for: what it has no answer to in time says nothing.
  static func of(
    _ world: World, state: String? = nil, _ variables: [String: String] = [:], until isTold: (DoctorReport) -> Bool
  ) async throws -> DoctorReport {
    var last: DoctorReport?
    for _ in 0..<maximumLooks {
      let finished = try await world.run(["doctor", "--json"], state: state, variables)
      let report = DoctorReport(finished: finished, document: try finished.json())
      last = report
      if isTold(report) { break }
    }
    return try #require(last)
  }
}
