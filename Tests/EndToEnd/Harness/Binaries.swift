import Glibc

/// Where the programs under test are: the build puts them beside the test bundle.
enum Binaries {
  /// The daemon and its commands.
  static var retraind: String { get throws { try directory() + "/retraind" } }
  /// What plays Ollama.
  static var standIn: String { get throws { try directory() + "/ollama-stand-in" } }

  /// The first directory above the running test program, or above what it was called with, that has both.
  private static func directory() throws -> String {
    var starts: [String] = []
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    if count > 0 { starts.append(String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)) }
    starts += CommandLine.arguments.filter { $0.contains(".xctest") || $0.hasPrefix("/") }
    for start in starts {
      var directory = start
      while let slash = directory.lastIndex(of: "/"), slash > directory.startIndex {
        directory = String(directory[..<slash])
        if access(directory + "/retraind", X_OK) == 0, access(directory + "/ollama-stand-in", X_OK) == 0 {
          return directory
        }
      }
    }
    throw HarnessFailure("retraind and ollama-stand-in are not beside the tests (looked above \(starts))")
  }
}

/// A step of the harness itself that did not work.
struct HarnessFailure: Error, CustomStringConvertible {
  /// What and why.
  let description: String
  /// Makes a failure.
  init(_ description: String) { self.description = description }
}
