/// The log's queue and the thread that empties it. It wakes for lines only, and once per `retryInterval` while the disk
/// refuses them.
final class LogWriter: Sendable {
  /// Lines that wait at most; as many again may be with the thread while the disk refuses them.
  static let maximumLines = 4096
  /// Bytes that wait at most.
  static let maximumBytes = 4 << 20
  /// Pause before the disk is tried again.
  static let retryInterval: Duration = .seconds(5)

  /// What waits.
  private enum Entry: Sendable {
    /// A whole line.
    case line(LogForms)
    /// Open the file anew.
    case reopen
  }

  /// What callers and the thread share.
  private struct Queue: Sendable {
    /// What waits, oldest first.
    var entries: [Entry] = []
    /// Bytes in it.
    var bytes = 0
    /// Entries taken in since the start.
    var accepted = 0
    /// Entries of these that are done with.
    var done = 0
    /// Lines lost since the last note of it.
    var lost = 0
    /// Lines lost since the start.
    var lostInAll = 0
    /// Failed writes since the start.
    var failures = 0
    /// What the last write failed of; nil after one that did not.
    var failure: String?
    /// Asks a thread that pauses to try at once.
    var isHurried = false
    /// True once the thread is to end when the queue is empty.
    var isClosing = false
    /// True while a thread runs.
    var hasThread = false
  }

  /// What callers and the thread share.
  private let queue = Guarded(Queue())
  /// Where lines go.
  private let destination: LogDestination
  /// The descriptor of standard error.
  private let standardError: Int32
  /// Pause before the disk is tried again.
  private let pause: Duration
  /// Makes a line of the log's own.
  private let line: @Sendable (LogLevel, String) -> LogForms
  /// True where standard error is the system's journal.
  private let isJournal: Bool
  /// Starts the thread; an error number, or 0.
  private let startThread: @Sendable (@escaping @Sendable () -> Void) -> Int32

  /// A writer whose thread starts with the first line.
  init(
    destination: LogDestination, standardError: Int32, isJournal: Bool, retryInterval: Duration,
    startThread: @escaping @Sendable (@escaping @Sendable () -> Void) -> Int32 = {
      OwnThread.start(name: "log", $0)
    },
    line: @escaping @Sendable (LogLevel, String) -> LogForms
  ) {
    self.startThread = startThread
    self.destination = destination
    self.standardError = standardError
    self.isJournal = isJournal
    self.pause = retryInterval
    self.line = line
  }

  /// What the last write failed of; nil after one that did not.
  var failure: String? { queue.withLock { $0.failure } }
  /// Lines lost since the start.
  var lostLines: Int { queue.withLock { $0.lostInAll } }

  /// Takes a line in, or counts it as lost.
  ///
  /// - Returns: false where no thread can be started that would write it.
  @discardableResult
  func add(_ line: LogForms) -> Bool {
    let isFirst = queue.change { queue in
      let isFull = queue.entries.count >= Self.maximumLines || queue.bytes + line.count > Self.maximumBytes
      if queue.isClosing || isFull {
        queue.lost += 1
        queue.lostInAll += 1
        return false
      }
      return Self.take(.line(line), into: &queue)
    }
    return isFirst ? start() : true
  }

  /// Writes a line to standard error from here, where it gets lines at all: the last word of a process that has no thread
  /// left for its log. It stays in the queue, too, for a thread that can be started later.
  func writeNow(_ line: LogForms) {
    if case .file = destination { return }
    var echo = LogEcho(standardError)
    _ = echo.write(line.echo, lossLine: echoLossLine)
  }

  /// Opens the file anew behind what waits.
  func reopen() {
    let isFirst = queue.change { queue in
      queue.isHurried = true
      return queue.isClosing ? false : Self.take(.reopen, into: &queue)
    }
    if isFirst { start() }
  }

  /// Blocks until what was taken in is written: false where a write failed meanwhile, or after the limit.
  func flush(atMost limit: Duration) -> Bool {
    let (target, failures) = queue.change { queue in
      queue.isHurried = true
      return (queue.accepted, queue.failures)
    }
    return queue.wait(atMost: limit) { queue in
      if queue.done >= target { return true }
      return queue.failures > failures || !queue.hasThread ? false : nil
    } ?? false
  }

  /// Asks the thread to end.
  func close() { queue.change { $0.isClosing = true } }

  /// Blocks until no thread runs, or for the limit: then false.
  @discardableResult
  func waitUntilEnded(atMost limit: Duration) -> Bool {
    queue.wait(atMost: limit) { $0.hasThread ? nil : true } ?? false
  }

  /// Adds an entry; true where a thread has to be started for it.
  private static func take(_ entry: Entry, into queue: inout Queue) -> Bool {
    queue.entries.append(entry)
    if case .line(let line) = entry { queue.bytes += line.count }
    queue.accepted += 1
    if queue.hasThread { return false }
    queue.hasThread = true
    return true
  }

  /// Starts the thread; false where that fails.
  @discardableResult
  private func start() -> Bool {
    // The thread keeps the writer, not the log: when the log goes, it closes the writer.
    let code = startThread { self.work() }
    if code == 0 { return true }
    queue.change {
      $0.hasThread = false  // the next line tries again
      $0.failure = "the log's thread could not be started: \(SystemError.text(code))"
    }
    return false
  }

  /// The thread's whole life.
  private func work() {
    var sinks = LogSinks(file: LogFile(path: destination.path ?? ""), echo: LogEcho(standardError))
    var undone = 0
    while let (entries, loss) = nextBatch(isRetrying: !sinks.backlog.isEmpty) {
      var bytes = LogForms()
      for entry in entries {
        switch entry {
        case .line(let line): bytes.append(line)
        case .reopen:
          writeOut(&bytes, &sinks)
          sinks.file.close()
          if destination.path != nil { note(sinks.file.open(), &sinks) }
        }
      }
      bytes.append(loss)
      if bytes.isEmpty { offer(&sinks) }
      writeOut(&bytes, &sinks)
      undone += entries.count
      guard sinks.backlog.isEmpty else { continue }
      queue.change { [undone] in $0.done += undone }
      undone = 0
    }
    offer(&sinks)
    queue.change { [lines = sinks.backlog.lines] in
      $0.lostInAll += lines
      $0.hasThread = false
    }
  }

  /// Waits for entries and takes them all, with the line that tells of lost ones; nil where the thread is to end. While
  /// the file refuses lines it comes back without entries after the pause, or at once where somebody is in a hurry.
  private func nextBatch(isRetrying: Bool) -> (entries: [Entry], loss: LogForms)? {
    let take = { (queue: inout Queue) -> ([Entry], Int, String?)? in
      if queue.entries.isEmpty && !queue.isClosing && !(isRetrying && queue.isHurried) { return nil }
      let batch = queue.entries
      let lost = queue.isClosing && batch.isEmpty ? 0 : queue.lost
      queue.entries = []
      queue.bytes = 0
      queue.lost -= lost
      queue.isHurried = false
      return (batch, lost, queue.failure)
    }
    let taken = isRetrying ? queue.wait(atMost: pause, take) : queue.wait(take)
    guard let (batch, lost, why) = taken else { return ([], LogForms()) }
    if batch.isEmpty { return queue.withLock { $0.isClosing } ? nil : ([], LogForms()) }
    if lost == 0 { return (batch, LogForms()) }
    return (batch, loss(lost, why ?? "more came at once than its queue of \(Self.maximumLines) lines takes"))
  }

  /// Writes everything. A disk that refuses is tried until it takes it or the log is closed; where standard error gets
  /// the lines too, it is not kept waiting for that.
  ///
  /// The file comes first: it is what counts, and standard error may be a pipe that nobody reads.
  private func writeOut(_ bytes: inout LogForms, _ sinks: inout LogSinks) {
    guard !bytes.isEmpty else { return }
    switch destination {
    case .standardError:
      let (code, dropped) = sinks.echo.write(bytes.echo, lossLine: echoLossLine)
      if dropped > 0 { queue.change { $0.lostInAll += dropped } }
      note(code, &sinks)
    case .both:
      let lost = sinks.backlog.add(bytes.file)
      if lost > 0 { queue.change { $0.lostInAll += lost } }
      let code = sinks.backlog.offer(to: &sinks.file, lossLine: fileLossLine)
      // Before the note of a failure, which ends a flush that waits.
      _ = sinks.echo.write(bytes.echo, lossLine: echoLossLine)
      note(code, &sinks)
    case .file: writeToFile(&bytes.file, &sinks)
    }
    bytes = LogForms()
  }

  /// Gives the file what it has not got yet, once.
  private func offer(_ sinks: inout LogSinks) {
    if sinks.backlog.isEmpty { return }
    note(sinks.backlog.offer(to: &sinks.file, lossLine: fileLossLine), &sinks)
  }

  /// Tries until the file has taken everything, or the log is closed while it refuses.
  private func writeToFile(_ bytes: inout [UInt8], _ sinks: inout LogSinks) {
    while true {
      let code = sinks.file.write(&bytes)
      note(code, &sinks)
      if code == 0 { return }
      let mustGiveUp: Bool? = queue.wait(atMost: pause) { queue in
        if queue.isClosing { return true }
        guard queue.isHurried else { return nil }
        queue.isHurried = false
        return false
      }
      if mustGiveUp == true {
        let lines = bytes.count { $0 == UInt8(ascii: "\n") }
        queue.change { $0.lostInAll += lines }
        return
      }
    }
  }

  /// Keeps what a write came to, and tells standard error once where the file begins to fail.
  private func note(_ code: Int32, _ sinks: inout LogSinks) {
    let path = destination.path ?? "standard error"
    let failure = code == 0 ? nil : "\(path) cannot be written: \(SystemError.text(code))"
    let isNews = queue.change { queue in
      let isNews = failure != nil && queue.failure == nil
      queue.failure = failure
      if failure != nil { queue.failures += 1 }
      return isNews
    }
    guard let failure, isNews, destination.path != nil else { return }
    let notice = LogLine.notice(
      "retraind: the log \(failure); it is tried again every \(pause.components.seconds) s", isJournal: isJournal)
    _ = sinks.echo.write(notice, lossLine: echoLossLine)
  }

  /// The line that tells how many are missing, and why.
  private func loss(_ count: Int, _ why: String) -> LogForms {
    line(.warning, "\(count) log lines are missing here: \(why)")
  }

  /// The same for the file alone.
  private func fileLossLine(_ count: Int, _ why: String) -> [UInt8] { loss(count, why).file }
  /// The same for standard error alone.
  private func echoLossLine(_ count: Int, _ why: String) -> [UInt8] { loss(count, why).echo }
}
