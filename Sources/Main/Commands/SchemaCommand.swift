import Journal
import Stores

/// `retraind schema`: the SQL that makes the tables of the store.
enum SchemaCommand {
  /// Prints it.
  ///
  /// - Parameter usesSupabase: whether the configuration names a project; decides where nobody says a dialect.
  static func run(_ options: SchemaOptions, usesSupabase: Bool, _ context: ProgramContext) -> Int32 {
    let dialect = options.dialect ?? (usesSupabase ? .postgres : .sqlite)
    switch dialect {
    case .postgres: context.terminal.print(PostgresSchema.sql)
    case .sqlite: context.terminal.print(EmbeddedTables.script)
    }
    return ExitCode.success
  }
}
