/// Where a setting came from.
enum SettingSource: Sendable, Hashable, CustomStringConvertible {
  /// Nobody said anything.
  case `default`
  /// A line of the configuration file.
  case file(line: Int)
  /// A variable of the environment, without its `$`.
  case environment(String)
  /// A flag, with its dashes.
  case flag(String)

  /// In a few words; the file is named elsewhere.
  var description: String { description(file: nil) }

  /// In a few words, with the file's name.
  func description(file: String?) -> String {
    switch self {
    case .default: "default"
    case .file(let line): file.map { "\($0):\(line)" } ?? "line \(line)"
    case .environment(let name): "$\(name)"
    case .flag(let name): name
    }
  }
}

/// What reading a file gives.
enum FileReadResult: Sendable, Hashable {
  /// The bytes, and whether every user of this machine may read them.
  case contents([UInt8], isOpenToAll: Bool = false)
  /// There is no such file.
  case absent
  /// There is one, but it cannot be read; why, in words.
  case failed(String)
}

/// Reads a file of the configuration.
typealias FileReader = (_ path: String) -> FileReadResult
