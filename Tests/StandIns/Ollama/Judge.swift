/// Reads a log and says whether pulls overlapped.
struct Judge: Sendable {
  /// Pulls that began.
  private(set) var pulls = 0
  /// Pulls that began while another was open.
  private(set) var overlaps = 0
  /// Lines that are no event.
  private(set) var unreadable = 0
  /// What overlapped, for people.
  private(set) var details: [String] = []
  private var openPulls: [Int: String] = [:]

  /// Pulls that never ended.
  var open: Int { openPulls.count }
  /// What is printed.
  var verdict: String { "pulls \(pulls), overlaps \(overlaps), open \(open)" }

  /// Reads one line.
  mutating func read(_ line: some StringProtocol) {
    guard let entry = JSON(line), let event = entry["event"]?.text else {
      unreadable += 1
      return
    }
    if event == "start" {
      openPulls = [:]
      return
    }
    guard event.hasPrefix("pull-"), let id = entry["id"]?.value.map({ Int($0) }) else { return }
    guard event == "pull-start" else {
      openPulls[id] = nil
      return
    }
    let model = entry["model"]?.text ?? "?"
    pulls += 1
    if !openPulls.isEmpty {
      overlaps += 1
      let others = openPulls.map { "\($0.value) (pull \($0.key))" }.sorted().joined(separator: ", ")
      details.append("pull \(id) of \(model) began while open: \(others)")
    }
    openPulls[id] = model
  }
}
