package import Platform

/// Single values that are kept by name: how far something has been read, who owns the file.
extension Journal {
  /// What is kept under a name; nil where nothing is.
  package func meta(_ key: String, in database: SQLiteDatabase) throws -> String? {
    try database.first("SELECT value FROM retraind_meta WHERE key = ?1", [.text(key)]) { $0[0].text } ?? nil
  }

  /// Keeps a value in place of the earlier one.
  package func setMeta(_ key: String, _ value: String, in database: SQLiteDatabase) throws {
    try database.run(
      "INSERT INTO retraind_meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      [.text(key), .text(value)])
  }
}
