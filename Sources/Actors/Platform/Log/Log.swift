import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Where lines go.
public enum LogDestination: Sendable, Hashable {
  /// Appended to this file, which is made with the directories above it.
  case file(String)
  /// Standard error.
  case standardError
  /// Both the file and standard error.
  case both(String)

  /// The file, where there is one.
  public var path: String? {
    switch self {
    case .file(let path), .both(let path): path
    case .standardError: nil
    }
  }
}

/// The log. Whoever logs never waits for a disk and never sees an error of one: lines go through a bounded queue to a
/// thread of the log's own. What does not fit is counted, and the count stands in the log where the lines are missing.
public final class Log: Sendable {
  /// How long `flush` and `close` wait at most.
  public static let flushBound: Duration = .seconds(10)

  /// Where lines go.
  public let destination: LogDestination
  /// How they look.
  public let format: LogFormat
  /// How they look on standard error.
  private let echoFormat: LogFormat
  /// Raw value of the lowest level that is written.
  private let threshold: Atomic<UInt8>
  /// For the stamps.
  private let wallClock: WallClock
  /// Sees every line that is written, on the thread that logs.
  private let observer: (@Sendable (LogLevel, String) -> Void)?
  /// Queue and writing thread; internal for tests, which see it end after the log has gone.
  let writer: LogWriter

  /// Makes a log; the file is opened with the first line.
  ///
  /// - Parameters:
  ///   - echoFormat: how lines look on standard error; nil for the same as in the file.
  ///   - observer: sees every line, on the thread that logs it; for tests and counters.
  public convenience init(
    destination: LogDestination, level: LogLevel = .info, format: LogFormat = .text, echoFormat: LogFormat? = nil,
    wallClock: WallClock = .system, observer: (@Sendable (LogLevel, String) -> Void)? = nil
  ) {
    self.init(
      destination: destination, level: level, format: format, echoFormat: echoFormat, wallClock: wallClock,
      observer: observer,
      standardError: STDERR_FILENO, retryInterval: LogWriter.retryInterval)
  }

  /// A log with another descriptor for standard error, another pause and other threads, for tests.
  init(
    destination: LogDestination, level: LogLevel, format: LogFormat, echoFormat: LogFormat? = nil, wallClock: WallClock,
    observer: (@Sendable (LogLevel, String) -> Void)? = nil, standardError: Int32, retryInterval: Duration,
    startThread: @escaping @Sendable (@escaping @Sendable () -> Void) -> Int32 = {
      OwnThread.start(name: "log", $0)
    }
  ) {
    self.destination = destination
    self.format = format
    let echoFormat = echoFormat ?? format
    self.echoFormat = echoFormat
    self.wallClock = wallClock
    self.observer = observer
    threshold = Atomic(level.rawValue)
    // Reads the time zone once: localtime_r does not.
    tzset()
    writer = LogWriter(
      destination: destination, standardError: standardError, isJournal: echoFormat == .journal,
      retryInterval: retryInterval, startThread: startThread,
      line: { level, message in
        LogLine.forms(destination, format, echoFormat, level, message, at: wallClock.microseconds())
      })
  }

  deinit { writer.close() }

  /// Logs what only helps to find a fault.
  public func debug(_ message: @autoclosure () -> String) { log(.debug, message()) }
  /// Logs what happened.
  public func info(_ message: @autoclosure () -> String) { log(.info, message()) }
  /// Logs that something is off.
  public func warning(_ message: @autoclosure () -> String) { log(.warning, message()) }
  /// Logs that something did not work.
  public func error(_ message: @autoclosure () -> String) { log(.error, message()) }
  /// Logs that the daemon cannot do its work.
  public func critical(_ message: @autoclosure () -> String) { log(.critical, message()) }

  /// Logs at a level; below the log's own level the message is not even made.
  public func log(_ level: LogLevel, _ message: @autoclosure () -> String) {
    guard level.rawValue >= threshold.load(ordering: .relaxed) else { return }
    let message = message()
    let line = LogLine.forms(destination, format, echoFormat, level, message, at: wallClock.microseconds())
    if !writer.add(line), level == .critical { writer.writeNow(line) }
    observer?(level, message)
  }

  /// The lowest level that is written.
  public var level: LogLevel { LogLevel(rawValue: threshold.load(ordering: .relaxed)) ?? .info }

  /// Writes from this level on.
  public func setLevel(_ level: LogLevel) { threshold.store(level.rawValue, ordering: .relaxed) }

  /// Opens the file anew behind the lines logged so far: after logrotate moved it away, a new one is made at once.
  public func reopen() { writer.reopen() }

  /// Blocks until everything logged so far is written: false where the disk refuses it, or after `flushBound`.
  @discardableResult
  public func flush() -> Bool { writer.flush(atMost: Self.flushBound) }

  /// Writes what waits, ends the thread, and returns when it has ended, or after `flushBound`. What is logged later is lost.
  public func close() {
    writer.close()
    writer.waitUntilEnded(atMost: Self.flushBound)
  }

  /// Why lines are not being written now, for the status; nil where all is well.
  public var failure: String? { writer.failure }
  /// Lines lost since the start.
  public var lostLines: Int { writer.lostLines }
}
