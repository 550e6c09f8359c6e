/// Numbers as people read them, and tables as Markdown has them.
struct Table {
  /// The heading of each column.
  let columns: [String]
  /// The rows, a cell for each column.
  private(set) var rows: [[String]] = []

  /// Makes a table without rows.
  init(_ columns: String...) { self.columns = columns }

  /// Adds a row.
  mutating func add(_ cells: String...) { rows.append(cells) }

  /// The table, its columns aligned for those who read it as text.
  var markdown: String {
    let widths = columns.indices.map { index in
      ([columns] + rows).map { index < $0.count ? $0[index].count : 0 }.max() ?? 0
    }
    func line(_ cells: [String]) -> String {
      let padded = zip(cells, widths).map { $0 + String(repeating: " ", count: max(0, $1 - $0.count)) }
      return "| " + padded.joined(separator: " | ") + " |"
    }
    let rule = "|" + widths.map { String(repeating: "-", count: $0 + 2) }.joined(separator: "|") + "|"
    return ([line(columns), rule] + rows.map(line)).joined(separator: "\n")
  }
}

/// A promise that a figure keeps or breaks.
struct Budgets {
  /// Those that were missed, in words.
  private(set) var missed: [String] = []

  /// A cell that says whether a figure is within its limit.
  mutating func atMost(_ limit: Double, _ value: Double, unit: String, of name: String) -> String {
    judge(value <= limit, "≤ \(number(limit))\(unit)", name)
  }

  /// A cell that says whether a figure reaches its limit.
  mutating func atLeast(_ limit: Double, _ value: Double, unit: String, of name: String) -> String {
    judge(value >= limit, "≥ \(number(limit))\(unit)", name)
  }

  private mutating func judge(_ isMet: Bool, _ limit: String, _ name: String) -> String {
    if !isMet { missed.append("\(name) (\(limit))") }
    return "\(limit): \(isMet ? "met" : "missed")"
  }

  private func number(_ value: Double) -> String { fixed(value, value == value.rounded() ? 0 : 1) }
}

/// A number with so many digits after the point.
func fixed(_ value: Double, _ digits: Int) -> String {
  guard value.isFinite, abs(value) < 1e12 else { return "–" }
  var scale = 1.0
  for _ in 0..<digits { scale *= 10 }
  let scaled = Int((abs(value) * scale).rounded())
  let sign = value < 0 && scaled != 0 ? "-" : ""
  guard digits > 0 else { return "\(sign)\(scaled)" }
  let fraction = String(scaled % Int(scale))
  return "\(sign)\(scaled / Int(scale))." + String(repeating: "0", count: digits - fraction.count) + fraction
}

/// Times of one kind.
struct Samples {
  /// In milliseconds, in the order in which they were taken.
  private(set) var values: [Double] = []

  /// Adds a time.
  mutating func add(_ time: Duration) { values.append(time.milliseconds) }

  /// The middle one.
  var median: Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return .nan }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  /// The median with the shortest and the longest.
  var text: String {
    "\(fixed(median, 1)) ms (\(fixed(values.min() ?? .nan, 1))–\(fixed(values.max() ?? .nan, 1)))"
  }
}

extension Duration {
  /// In milliseconds.
  var milliseconds: Double {
    Double(components.seconds) * 1000 + Double(components.attoseconds) / 1e15
  }
}
