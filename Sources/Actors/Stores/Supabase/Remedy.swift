/// What a person types into the SQL editor to set things right.
enum Remedy {
  /// The right that is missing.
  static func access(
    _ table: String, _ endpoint: SupabaseEndpoint, _ problem: StoreProblem, _ rights: String
  ) -> String {
    let role = endpoint.role
    if problem.message.contains("row-level security") {
      return "CREATE POLICY retraind_\(table) ON public.\(table) FOR ALL TO \(role) USING (true) WITH CHECK (true);"
    }
    if problem.message.contains("permission denied for schema") { return "GRANT USAGE ON SCHEMA public TO \(role);" }
    return "GRANT \(rights) ON public.\(table) TO \(role);"
  }

  /// The column that does not take a row, where the answer names it and what stands in the way can be taken away.
  static func column(_ table: String, _ problem: StoreProblem) -> String? {
    switch problem.code {
    case "23502":
      guard let column = StoreProblem.text(in: problem.message, after: "null value in column \"", before: "\"") else {
        return nil
      }
      return "ALTER TABLE public.\(table) ALTER COLUMN \(identifier(column)) DROP NOT NULL;"
    case "23514":
      guard
        let name = StoreProblem.text(in: problem.message, after: "check constraint \"", before: "\"")
      else { return nil }
      return "ALTER TABLE public.\(table) DROP CONSTRAINT \(identifier(name));"
    case "22003":
      return "ALTER TABLE public.\(table) ALTER COLUMN accept_rate TYPE double precision;"
    default: return nil
    }
  }

  /// The smallest `system_events` that takes events.
  static func systemEvents(_ endpoint: SupabaseEndpoint) -> String {
    "CREATE TABLE public.system_events (id uuid PRIMARY KEY, timestamp timestamptz, event_type text, notes text, "
      + "metadata jsonb); GRANT SELECT, INSERT ON public.system_events TO \(endpoint.role);"
  }

  /// A name as SQL writes it.
  private static func identifier(_ name: String) -> String {
    let isPlain = name.utf8.allSatisfy { byte in
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || byte == UInt8(ascii: "_")
    }
    if isPlain { return name }
    return "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }
}
