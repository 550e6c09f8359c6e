internal import Platform
internal import Rules

/// The course of one look at what is new in `learning_stats`: newest first, page by page, down to a floor.
///
/// A short page is not the last one, since a server cuts pages to its own limit without a word: only an empty one is.
struct StatsPaging: Sendable {
  /// Rows that one request asks for: what Supabase gives at most.
  static let pageSize = 1000
  /// Pages of one look: what is older than so many rows is not needed for any window.
  static let maximumPages = 200
  /// Rows without a time that are looked at, to be told of.
  static let maximumUnstamped = 50

  /// What to do now.
  enum Action: Sendable, Hashable {
    /// Ask for this.
    case ask(PostgRESTQuery)
    /// Everything down to the floor has been seen.
    case done
  }

  /// What the table has.
  let columns: StatsColumns
  /// Rows that ended before it are known; nil for none.
  let floor: Timestamp?
  /// Pages that came.
  private(set) var pages = 0
  /// Rows that came.
  private(set) var rows = 0
  private var last: (stamp: String, id: String)?

  /// A look that has not begun.
  init(columns: StatsColumns, floor: Timestamp?) {
    self.columns = columns
    self.floor = floor
  }

  /// The first question.
  var first: PostgRESTQuery {
    let query = PostgRESTQuery().with("select", columns.present.joined(separator: ","))
    guard let floor else { return ordered(query.with(columns.time, "not.is.null")) }
    return ordered(query.with(columns.time, "gte.\(floor.rfc3339)"))
  }

  /// The question for rows whose writer gave them no time: they are no evidence, but people are told.
  var unstamped: PostgRESTQuery {
    let query = PostgRESTQuery().with("select", columns.present.joined(separator: ","))
      .with(columns.time, "is.null")
    return (columns.hasID ? query.with("order", "id.desc") : query).with("limit", "\(Self.maximumUnstamped)")
  }

  /// A page came.
  mutating func onPage(_ page: [[SQLiteValue]]) -> Action {
    pages += 1
    rows += page.count
    guard let values = page.last, pages < Self.maximumPages else { return .done }
    guard let stamp = text(columns.time, in: values) else { return .done }
    let id = text("id", in: values) ?? ""
    // A server that ignores where it is to go on would be asked for ever.
    if let last, columns.hasID, last == (stamp, id) { return .done }
    last = (stamp, id)
    guard columns.hasID else { return .ask(first.with("offset", "\(rows)")) }
    let time = PostgRESTQuery.quoted(stamp)
    return .ask(
      first.with(
        "or",
        "(\(columns.time).lt.\(time),and(\(columns.time).eq.\(time),id.lt.\(PostgRESTQuery.quoted(id))))"))
  }

  private func ordered(_ query: PostgRESTQuery) -> PostgRESTQuery {
    query.with("order", columns.hasID ? "\(columns.time).desc,id.desc" : "\(columns.time).desc")
      .with("limit", "\(Self.pageSize)")
  }

  private func text(_ column: String, in values: [SQLiteValue]) -> String? {
    columns.present.firstIndex(of: column).flatMap { values[$0].text }
  }
}
