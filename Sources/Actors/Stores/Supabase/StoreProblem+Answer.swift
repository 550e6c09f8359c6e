internal import Platform

/// What an answer's status, code and words mean: the same error has other statuses in other versions of PostgREST.
extension StoreProblem {
  /// The kind of an answer that is no success.
  ///
  /// - Parameter table: the table that was asked for; nil where it is not known.
  static func kind(status: Int, code: String?, message: String, isEmptyObject: Bool, table: String?) -> Kind {
    if isAboutRole(code, message) { return .badKey }
    if message.contains(noSchemas) { return .unavailable }
    if let code, isOfTable(status, code) { return .refused }
    switch (status, code) {
    case (404, "PGRST205"): return .missingTable
    // A trigger, a view or a policy may look for another table than the one that was asked for.
    case (404, "42P01"): return isAnother(relation(in: message), than: table) ? .refused : .missingTable
    case (404, nil) where isEmptyObject: return .missingTable
    case (404, .some(let code)) where isSQLState(code): return .refused
    case (404, _), (300..<400, _): return .wrongAddress
    case (400, "PGRST204"), (400, "42703"): return .missingColumn(columnName(in: message))
    case (403, "42501"): return .denied
    case (401, "42501"): return .deniedToAnonymous
    case (401, _): return .badKey
    case (403, nil) where gatewayRefusals.contains(message): return .badKey
    case (409, "23505"): return .duplicate
    case (413, _): return .tooMuch
    case (400, .some), (406, .some), (409, .some), (422, .some): return .refused
    case (200..<300, _): return .notUnderstood
    // 400 without a code is no word of PostgREST; 402 quota, 403 of a gateway, 405 read-only, 429, 5xx.
    default: return .unavailable
    }
  }

  /// The words of Kong for a key that it does not know, or that opens another door.
  private static let gatewayRefusals: Set<String> = [
    "You cannot consume this service", "Invalid authentication credentials",
  ]

  /// True where the key's role does not exist, or the server may not act in it: no table is at fault. The first is 400
  /// up to version 13.
  private static func isAboutRole(_ code: String?, _ message: String) -> Bool {
    switch code {
    case "22023": message.hasPrefix("role ") && message.hasSuffix(" does not exist")
    case "42501": message.hasPrefix(cannotSetRole)
    default: false
    }
  }

  /// The schema that a project shows whose Data API is switched off.
  private static let noSchemas = "pg_pgrst_no_exposed_schemas"

  private static let cannotSetRole = "permission denied to set role"

  /// True where what hangs on the table refuses the row, and will do so each time: a trigger, a view, a policy.
  private static func isOfTable(_ status: Int, _ code: String) -> Bool {
    guard isSQLState(code) else { return false }
    if refusingAll.contains(code) { return true }
    switch code.prefix(2) {
    // A trigger that raises a status of its own. With these it may be another one later.
    case "PT": return (400..<500).contains(status) && ![408, 425, 429].contains(status)
    case "09", "2D", "2F", "38", "39", "3B", "P0": return true
    default: return false
    }
  }

  /// A view that takes no rows; a policy that asks for itself; a trigger that calls itself.
  private static let refusingAll: Set<String> = ["55000", "42P17", "54001", "21000"]

  /// True where every row of the table is refused. What a trigger raises may be about some rows only, with the same words.
  var isOfEveryRow: Bool { kind == .refused && code.map { Self.refusingAll.contains($0) } ?? false }

  /// True for a code of Postgres: five letters and digits.
  static func isSQLState(_ code: String) -> Bool {
    code.utf8.count == 5
      && code.utf8.allSatisfy { byte in
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
      }
  }

  /// PostgREST's code for a path that is none of a table: nothing was looked for, and nothing done.
  private static let unknownPath = "PGRST125"

  /// True where PostgREST answers at this address, and knows no table below this path.
  var isUnknownPath: Bool { status == 404 && code == Self.unknownPath }

  /// True where version 12 and older may mean that, or a table that does not exist: they answer `{}` to both.
  var isPerhapsUnknownPath: Bool { status == 404 && code == nil && kind == .missingTable }

  /// True where PostgREST or Postgres answers of what was asked for: the path was right.
  var isAboutContents: Bool {
    guard let code, !isUnknownPath else { return false }
    return code.hasPrefix("PGRST") || Self.isSQLState(code)
  }

  /// What to do, where the answer alone says it.
  static func advice(_ kind: Kind, _ response: HTTPResponse, _ code: String?, _ message: String) -> String {
    if message.contains(noSchemas) { return "; the project's Data API is switched off: switch it on in its settings" }
    return switch (kind, response.status, code) {
    case (.badKey, _, _): "; " + keyAdvice(code, message)
    case (.wrongAddress, 300..<400, _):
      "; it points to \(printable(response.header("Location") ?? "another place")): write that in supabase.url"
    case (.wrongAddress, _, unknownPath):
      "; supabase.url is the project's URL, or that of a PostgREST, with no table's name or other path behind it"
    case (.wrongAddress, _, _): "; is supabase.url the project's URL?"
    case (_, 402, nil): "; the project is over its quota"
    case (_, 405, "25006"): "; the database takes no writes: its disk may be full, or it is a replica"
    case (_, 500, "PGRST300"): "; that PostgREST has no jwt-secret, so it can tell no key from another: set one"
    case (_, 540, _): "; the project is paused: restore it in the dashboard"
    default: ""
    }
  }

  /// What is wrong with the key. The codes say less than the words, which have stayed the same from version 12 on.
  private static func keyAdvice(_ code: String?, _ message: String) -> String {
    // Version 12 has the names of its errors: `JWTNotYetValid` for `JWT not yet valid`.
    let message = message.lowercased()
    let letters = message.filter { $0 != " " }
    func says(_ words: String) -> Bool { message.contains(words) }
    if says("jwt expired") { return "the key has expired: put a new one in its place" }
    if letters.contains("issuedatfuture") || letters.contains("notyetvalid") {
      return "the key is not valid yet: is a clock wrong, that server's or the key's maker's?"
    }
    if letters.contains("notinaudience") { return "the key was made for another server: copy that of this project" }
    if says("legacy api keys are disabled") {
      return "keys of the old kind are switched off: make a secret key (sb_secret_...) in the project's API settings"
    }
    if says("anonymous access is disabled") {
      return "a PostgREST without a gateway takes a JWT as its key"
    }
    if says("you cannot consume this service") {
      return "the key opens another door than the data API: take that of the service role"
    }
    if says(cannotSetRole), let role = text(in: message, after: "set role \"", before: "\"") {
      return
        "the role that PostgREST connects as may not act in the key's: GRANT \(Remedy.identifier(role)) TO authenticator;"
    }
    if code == "22023" { return "the database does not have the role that the key names" }
    return "the key is not accepted: copy it again from the project's API settings"
  }

  /// `column learning_stats.nope does not exist`, `Could not find the 'nope' column of 'learning_events' …`,
  /// `column "extra" of relation "system_events" does not exist`.
  static func columnName(in message: String) -> String? {
    if let name = text(in: message, after: "Could not find the '", before: "' column") { return name }
    if let name = text(in: message, after: "column \"", before: "\" of relation") { return name }
    guard let name = text(in: message, after: "column ", before: " does not exist") else { return nil }
    return name.split(separator: ".").last.map { $0.filter { $0 != "\"" } }
  }

  /// `relation "public.system_events" does not exist` → `public.system_events`.
  static func relation(in message: String) -> String? {
    text(in: message, after: "relation \"", before: "\" does not exist")
  }

  /// The schema that a table was looked for in, where it is not `public`: the API shows that one first.
  var otherSchema: String? {
    guard kind == .missingTable else { return nil }
    let name = Self.text(in: message, after: "Could not find the table '", before: "'") ?? Self.relation(in: message)
    guard let name, let dot = name.firstIndex(of: "."), name[..<dot] != "public" else { return nil }
    return String(name[..<dot])
  }

  private static func isAnother(_ relation: String?, than table: String?) -> Bool {
    guard let relation, let table else { return false }
    return relation != table && !relation.hasSuffix("." + table)
  }

  /// True where the table has no key that duplicates could be told by, as with a view, or none that serves for it.
  var isAboutConflict: Bool {
    code == "42P10" || (message.contains("ON CONFLICT") && ["55000", "0A000"].contains(code))
  }

  /// True where a value does not fit since whole numbers are wanted.
  var isAboutInteger: Bool {
    code == "22P02" && ["bigint", "integer", "smallint"].contains { message.contains("for type \($0)") }
  }

  /// The column that takes no value but its own.
  var generatedColumn: String? {
    code == "428C9" ? Self.text(in: message, after: "into column \"", before: "\"") : nil
  }
}
