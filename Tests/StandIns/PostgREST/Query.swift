/// What a request asks of a table: the part of PostgREST's language that is used.
public struct Query: Sendable {
  /// Names and values, decoded, in order.
  var items: [(name: String, value: String)] = []
  /// The members of long lists, by the list.
  private var sets: [String: Set<String>] = [:]

  /// Reads what stands behind `?`.
  init(_ text: Substring) {
    for item in text.split(separator: "&") {
      let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      items.append((Self.decoded(parts[0]), parts.count > 1 ? Self.decoded(parts[1]) : ""))
      if let value = items.last?.value, value.hasPrefix("in.") {
        sets[value] = Set(Self.list(String(value.dropFirst(3))).map(Self.unquoted))
      }
    }
  }

  /// The first value of a name.
  func value(_ name: String) -> String? { items.first { $0.name == name }?.value }

  /// Every column that is named, for refusing those that do not exist.
  var columns: [String] {
    var names: [String] = []
    for (name, value) in items {
      switch name {
      case "limit", "offset", "or", "and", "columns", "on_conflict": break
      case "select": names += value.split(separator: ",").map(String.init)
      case "order": names += value.split(separator: ",").compactMap { $0.split(separator: ".").first.map(String.init) }
      default: names.append(name)
      }
    }
    return names.compactMap { $0.split(separator: "-").first.map(String.init) }.filter { $0 != "*" }
  }

  /// Whether a row is asked for.
  func matches(_ row: [String: Cell]) -> Bool {
    items.allSatisfy { name, value in
      switch name {
      case "select", "limit", "offset", "order", "columns": true
      case _ where sets[value] != nil: sets[value]?.contains(Self.value(name, in: row).text ?? "") ?? false
      case "or": Self.list(value).contains { Self.matches(term: $0, row) }
      default: Self.matches(name, value, row)
      }
    }
  }

  /// `and(a.eq.1,b.lt.2)` or `a.eq.1`.
  private static func matches(term: String, _ row: [String: Cell]) -> Bool {
    if term.hasPrefix("and(") { return list(String(term.dropFirst(3))).allSatisfy { matches(term: $0, row) } }
    let parts = term.split(separator: ".", maxSplits: 1).map(String.init)
    return parts.count == 2 && matches(parts[0], parts[1], row)
  }

  private static func matches(_ column: String, _ condition: String, _ row: [String: Cell]) -> Bool {
    let cell = value(column, in: row)
    let parts = condition.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2 else { return false }
    switch parts[0] {
    case "not": return !matches(column, parts[1], row)
    case "is": return parts[1] == "null" && cell.text == nil
    case "in":
      guard let text = cell.text else { return false }
      return list(parts[1]).contains { unquoted($0) == text }
    case "like":
      guard let text = cell.text else { return false }
      return text.contains(parts[1].filter { $0 != "*" })
    default:
      guard let text = cell.text else { return false }
      let wanted = unquoted(parts[1])
      switch parts[0] {
      case "eq": return text == wanted || order(text, wanted) == 0
      case "lt": return order(text, wanted) < 0
      case "gt": return order(text, wanted) > 0
      case "gte": return order(text, wanted) >= 0
      case "lte": return order(text, wanted) <= 0
      default: return false
      }
    }
  }

  /// A cell, or what a JSON path leads to.
  public static func value(_ column: String, in row: [String: Cell]) -> Cell {
    // What a write has looked up already.
    if let cell = row[column] { return cell }
    guard let arrow = column.firstRange(of: "->>") else { return .null }
    guard case .nested(let text) = row[String(column[..<arrow.lowerBound])] ?? .null else { return .null }
    return Cell.objects(text)?.first?[String(column[arrow.upperBound...])].flatMap { $0 } ?? .null
  }

  /// Orders numbers, times in any of their forms, and texts.
  static func order(_ left: String, _ right: String) -> Int {
    if let one = Double(left), let other = Double(right) { return one < other ? -1 : one > other ? 1 : 0 }
    let (one, other) = (comparable(left), comparable(right))
    return one < other ? -1 : one > other ? 1 : 0
  }

  /// A time without zone, with all its digits; the stand-in holds only UTC.
  private static func comparable(_ text: String) -> String {
    guard text.utf8.count >= 19, text.utf8.dropFirst(10).first.map({ $0 == 84 || $0 == 32 }) == true else {
      return text == "infinity" ? "~" : text
    }
    var result = String(text.prefix(10)) + "T" + text.dropFirst(11)
    if result.hasSuffix("Z") { result.removeLast() }
    if result.hasSuffix("+00:00") { result.removeLast(6) }
    if !result.contains(".") { result += "." }
    return result + String(repeating: "0", count: max(0, 26 - result.utf8.count))
  }

  private static func unquoted(_ text: String) -> String {
    text.hasPrefix("\"") && text.hasSuffix("\"") && text.utf8.count > 1 ? String(text.dropFirst().dropLast()) : text
  }

  /// The members of `(a,b(c,d))`.
  private static func list(_ text: String) -> [String] {
    var members: [String] = [""]
    var depth = 0
    var isQuoted = false
    for character in text {
      if character == "\"" { isQuoted.toggle() }
      if !isQuoted {
        if character == "(" {
          depth += 1
          if depth == 1 { continue }
        }
        if character == ")" {
          depth -= 1
          if depth == 0 { continue }
        }
        if character == ",", depth == 1 {
          members.append("")
          continue
        }
      }
      members[members.count - 1].append(character)
    }
    return members
  }

  private static func decoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "+") {
        bytes.append(UInt8(ascii: " "))
      } else if byte == UInt8(ascii: "%"),
        let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(code)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
