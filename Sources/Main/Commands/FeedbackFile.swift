import Actors
import Platform
import Rules

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file of judgements that is read from front to back, a batch at a time; it may be a pipe, and as long as it wants.
final class FeedbackFile {
  /// Bytes of a line.
  static let longestLine = JSON5Scanner.maximumSize
  /// Bytes after which a line that is too long is taken for no line at all: it is not waited for its end.
  static let longestSkip = 16 * longestLine
  /// Lines of a file.
  static let mostLines = 1_000_000
  /// Bytes of one read.
  private static let chunk = 64 * 1024

  /// Some lines, read.
  struct Batch: Sendable {
    /// Judgements, each with the number of its line and with an id.
    var judgements: [(line: Int, judgement: Judgement)] = []
    /// Lines that cannot be taken.
    var refused: [ConfigError] = []
    /// The last line that was read.
    var lastLine = 0
    /// True where no more follow.
    var isLast = false
  }

  /// The file as it is named in messages.
  let name: String
  private let model: String?
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private var position = 0
  private var line = 0
  /// The last line that was read to its end.
  private var lastLine = 0
  private var isAtEnd = false
  /// What ends the import; thrown once the lines before it are in.
  private var failure: CommandFailure?
  /// A judgement that did not fit into the batch before.
  private var held: (line: Int, judgement: Judgement)?
  /// How often a line without an id stood there so far.
  private var seen: [String: Int] = [:]

  /// Opens a file; `-` is standard input.
  ///
  /// - Parameter model: the model of lines that name none.
  init(_ path: String, model: String?) throws(CommandFailure) {
    self.model = model
    name = path == "-" ? "standard input" : path
    descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      let code = errno
      let what = code == ENOENT ? ExitCode.unavailable : code == EACCES ? ExitCode.permission : ExitCode.failure
      throw CommandFailure(code: what, "--import: \(name) cannot be opened: \(String(cString: strerror(code)))")
    }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// The next judgements; blocks.
  func next(now: Timestamp) throws(CommandFailure) -> Batch {
    if let failure, held == nil { throw failure }
    var batch = Batch()
    var bytes = 0
    if let held {
      batch.judgements.append(held)
      bytes = held.judgement.bytes + JudgementRecorder.overhead
    }
    held = nil
    while batch.judgements.count < JudgementRecorder.mostAtOnce, batch.refused.count < JudgementRecorder.mostAtOnce {
      let found: [UInt8]??
      do throws(CommandFailure) {
        if let failure { throw failure }
        found = try nextLine()
      } catch {
        // What stands before it is good all the same.
        failure = error
        if batch.judgements.isEmpty, batch.refused.isEmpty { throw error }
        batch.lastLine = lastLine
        return batch
      }
      guard let text = found else {
        batch.isLast = true
        break
      }
      lastLine = line
      let reader = FeedbackLine(file: name, number: line)
      guard let text else {
        batch.refused.append(
          reader.problem(1, nil, "the line has more than \(Self.longestLine) bytes", "shorten its texts"))
        continue
      }
      if text.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
      do throws(ConfigError) {
        var judgement = try reader.judgement(text, model: model, now: now)
        if judgement.id == nil { judgement.id = identifier(of: judgement) }
        bytes += judgement.bytes + JudgementRecorder.overhead
        if bytes > JudgementRecorder.mostBytes, !batch.judgements.isEmpty {
          held = (line, judgement)
          break
        }
        batch.judgements.append((line, judgement))
      } catch {
        batch.refused.append(error)
      }
    }
    batch.lastLine = held == nil ? line : line - 1
    return batch
  }

  /// An id that follows from what a line says, and from how often it has stood there: read again, it has the same one.
  private func identifier(of judgement: Judgement) -> String {
    let words: [String?] = [
      judgement.kind.rawValue, judgement.model, judgement.modelVersion, judgement.confidence.map { "\($0)" },
      judgement.microseconds.map { "\($0)" }, judgement.submission, judgement.prompt, judgement.completion,
      judgement.correction,
    ]
    let text = words.map { word in word.map { "\($0.utf8.count):\($0)" } ?? "-" }.joined(separator: "\n")
    let plain = StableIdentifier.of("judgement\n" + text)
    let count = seen[plain, default: 0]
    seen[plain] = count + 1
    return count == 0 ? plain : StableIdentifier.of("\(plain)\n\(count)")
  }

  /// The next line without its end; an empty optional for one that is too long; nil at the end of the file.
  private func nextLine() throws(CommandFailure) -> [UInt8]?? {
    var isTooLong = false
    var skipped = 0
    var from = position
    while true {
      let found = buffer[from...].firstIndex(of: 0x0A)
      // No text has one, and it is not waited for the end of such a line: a device may have none.
      if buffer[from..<(found ?? buffer.count)].contains(0) {
        throw CommandFailure(
          code: ExitCode.failure,
          "--import: \(name):\(line + 1): a byte that is 0, which no text has: give a file of JSON lines in UTF-8")
      }
      if let end = found {
        defer { position = end + 1 }
        return .some(try finish(position..<end, isTooLong))
      }
      if isTooLong || buffer.count - position > Self.longestLine {
        isTooLong = true
        skipped += buffer.count - position
        position = buffer.count
        guard skipped <= Self.longestSkip else {
          throw CommandFailure(
            code: ExitCode.failure,
            "--import: \(name):\(line + 1): the line has more than \(Self.longestSkip) bytes and no end: give a file with "
              + "one JSON object a line, of at most \(Self.longestLine) bytes")
        }
      }
      if isAtEnd {
        guard position < buffer.count || isTooLong else { return nil }
        defer { position = buffer.count }
        return .some(try finish(position..<buffer.count, isTooLong))
      }
      buffer.removeFirst(position)
      position = 0
      from = buffer.count
      try fill()
    }
  }

  private func finish(_ range: Range<Int>, _ isTooLong: Bool) throws(CommandFailure) -> [UInt8]? {
    line += 1
    guard line <= Self.mostLines else {
      throw CommandFailure(
        code: ExitCode.failure,
        "--import: \(name) has more than \(Self.mostLines) lines; those are in: split the file and import the rest")
    }
    return isTooLong || range.count > Self.longestLine ? nil : Array(buffer[range])
  }

  private func fill() throws(CommandFailure) {
    var chunk = [UInt8](repeating: 0, count: Self.chunk)
    while true {
      let count = read(descriptor, &chunk, Self.chunk)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        throw CommandFailure(
          code: ExitCode.failure, "--import: \(name) cannot be read: \(String(cString: strerror(errno)))")
      }
      isAtEnd = count == 0
      buffer += chunk.prefix(count)
      return
    }
  }
}
