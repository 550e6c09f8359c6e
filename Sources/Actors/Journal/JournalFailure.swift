public import Platform

/// Why the journal did not do what it was asked.
public enum JournalFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// The database failed: full, locked, damaged, newer ...
  case database(SQLiteFailure)
  /// The journal was opened only to be read.
  case readOnly(path: String)
  /// Too many events wait to be delivered; nothing is dropped, so no more may come.
  case outboxFull(waiting: Int, path: String)
  /// Somebody else took the run over: what this one does no longer counts.
  case fenced(run: String, current: Int64, given: Int64)
  /// A run cannot go from one state to the other.
  case illegalTransition(run: String, from: RunState, to: RunState)
  /// There is no run with that id.
  case unknownRun(String)
  /// There is a run with that id already.
  case runExists(String)
  /// There is no event with that id in the outbox.
  case unknownEvent(String)

  /// For people: what happened, where, what to do.
  public var description: String {
    switch self {
    case .database(let failure): failure.description
    case .readOnly(let path):
      "\(path): the journal is open for reading only; the daemon writes it."
    case .outboxFull(let waiting, let path):
      "\(path): \(waiting) events wait to be delivered, which is the most that is kept. Automatic runs pause until the "
        + "store takes them: see `retraind status` for what it says."
    case .fenced(let run, let current, let given):
      "Run \(run): another worker took it over (fence \(current), this one holds \(given)); this one stops."
    case .illegalTransition(let run, let from, let to):
      "Run \(run): it cannot go from \(from.rawValue) to \(to.rawValue)."
    case .unknownRun(let run): "Run \(run): there is no such run in the journal; see `retraind history --runs`."
    case .runExists(let run): "Run \(run): it is in the journal already."
    case .unknownEvent(let event): "Event \(event): there is no such event in the outbox."
    }
  }

  /// True where the same call may succeed later without anybody's doing.
  public var isTransient: Bool {
    if case .database(let failure) = self { failure.isTransient } else { false }
  }

  /// True where the disk, or a bound on it, is full.
  public var isFull: Bool {
    if case .database(let failure) = self { failure.kind == .full } else { false }
  }

  /// True where the file was moved, replaced, deleted or overwritten: that heals only by somebody's hand.
  public var isMoved: Bool {
    if case .database(let failure) = self { failure.kind == .moved || failure.kind == .overwritten } else { false }
  }

  /// True where what lies there is not a file that this version can work with: starting again does not help.
  public var isUnusable: Bool {
    guard case .database(let failure) = self else { return false }
    return switch failure.kind {
    case .corrupted, .notADatabase, .newerSchema, .foreign: true
    default: false
    }
  }

  /// True where a file or directory may not be used by this user.
  public var isPermission: Bool {
    switch self {
    case .database(let failure): failure.kind == .readOnly || failure.kind == .cannotOpen
    case .readOnly: true
    case .outboxFull, .fenced, .illegalTransition, .unknownRun, .runExists, .unknownEvent: false
    }
  }

  /// Gives an error from inside a transaction its type.
  package init(wrapping error: any Error, path: String) {
    switch error {
    case let failure as JournalFailure: self = failure
    case let failure as SQLiteFailure: self = .database(failure)
    default:
      self = .database(SQLiteFailure(kind: .other, path: path, description: "\(path): \(error)"))
    }
  }
}
