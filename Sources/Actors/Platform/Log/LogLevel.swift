/// How much a line matters.
public enum LogLevel: UInt8, Sendable, Hashable, Comparable, CaseIterable {
  /// Only for whoever looks for a fault.
  case debug = 10
  /// What happened.
  case info = 20
  /// Something is off; the daemon goes on.
  case warning = 30
  /// Something did not work.
  case error = 40
  /// The daemon cannot do its work.
  case critical = 50

  /// As Python writes it: `INFO`.
  public var name: String {
    switch self {
    case .debug: "DEBUG"
    case .info: "INFO"
    case .warning: "WARNING"
    case .error: "ERROR"
    case .critical: "CRITICAL"
    }
  }

  /// As the configuration and JSON lines have it: `info`.
  public var word: String {
    switch self {
    case .debug: "debug"
    case .info: "info"
    case .warning: "warning"
    case .error: "error"
    case .critical: "critical"
    }
  }

  /// The level of a word, in either case; nil for what is none.
  public init?(word: String) {
    guard let level = Self.allCases.first(where: { $0.word == word.lowercased() }) else { return nil }
    self = level
  }

  /// Whether one matters less than the other.
  public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
}
