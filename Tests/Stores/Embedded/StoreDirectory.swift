import Journal
import Platform
import Rules

@testable import Stores

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// An embedded store in a directory that goes with the test, and a second connection as the sqlite3 shell has it.
final class StoreDirectory {
  let directory: String
  let path: String

  init() throws {
    directory = FileManager.default.temporaryDirectory.path + "/retraind-store-\(UUID().uuidString)"
    path = directory + "/retraind.db"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  func open() async throws -> EmbeddedStore { EmbeddedStore(try await Journal.open(path: path)) }

  func shell(_ script: String) throws { try SQLiteDatabase(path: path).execute(script: script) }

  func query(_ sql: String) throws -> [[SQLiteValue]] {
    try SQLiteDatabase(path: path, access: .readOnly).query(sql) { row in
      // Enough columns for every query of these tests.
      (0..<6).map { row[$0] }
    }
  }
}
