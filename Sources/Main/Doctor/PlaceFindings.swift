import Actors
import Platform

/// Where database and log lie: whether they can be written, by whom, and for how long.
enum PlaceFindings {
  /// Free bytes below which nothing can be recorded for long.
  static let leastFree: Int64 = 16 << 20
  /// Free bytes below which people are warned.
  static let littleFree: Int64 = 256 << 20
  /// Bytes of the log beside a database from which on somebody keeps it from being brought into the file.
  static let longLog: Int64 = 64 << 20
  /// Bytes of a log file from which on it should have been rotated.
  static let largeLogFile: Int64 = 1 << 30

  /// The state directory and the database's file.
  static func state(_ place: PlaceFacts) -> [Finding] {
    if place.isForeign { return [foreign(place, .state, .error)] }
    var findings = directory(
      place, .state, .error, write: "store: { path: \"DIR/retraind.db\" }   (in retraind.json5: another place)")
    let path = ProgramPath.quoted(place.path)
    switch place.kind {
    case .absent:
      findings.append(
        Finding(
          .note, .state, "there is no state at \(place.path) yet",
          why: "a daemon or the first recorded cycle makes it; this command makes nothing", type: "retraind run"))
    case .file:
      if !place.isWritable {
        findings.append(
          Finding(
            .error, .database, "\(place.path) cannot be written by this user",
            why: "a daemon of this user could not record anything, and acts on nothing that it cannot record",
            type: "sudo chown $(id -u) \(path)"))
      }
      if place.isOpenToOthers {
        findings.append(
          Finding(
            .note, .database, "\(place.path) can be read by other users",
            why: "it names models and tells what was decided on them; it holds no key", type: "chmod 600 \(path)"))
      }
    case .directory, .other:
      findings.append(
        Finding(
          .error, .database, "\(place.path) is no file", why: "nothing can be recorded there",
          type: "mv \(path) \(path).away"))
    case .hidden(let why):
      findings.append(
        Finding(
          .error, .state, "\(place.path) cannot be looked at: \(why)",
          why: "this user may not enter its directory: look as the user of the daemon", type: "sudo retraind doctor"))
    }
    if place.walSize > longLog {
      findings.append(
        Finding(
          .warning, .database, "\(place.path)-wal has \(ProgressLine.bytes(place.walSize))",
          why: "somebody keeps it from being brought into the file: a reader that never ends, such as a sqlite3 shell "
            + "inside a transaction", type: "fuser \(path)-wal"))
    }
    return findings + space(place, .state)
  }

  /// The log file.
  static func log(_ place: PlaceFacts) -> [Finding] {
    if place.isForeign { return [foreign(place, .log, .warning)] }
    var findings = directory(place, .log, .warning, write: otherLog)
    switch place.kind {
    case .absent: break
    case .file where !place.isWritable:
      findings.append(
        Finding(
          .warning, .log, "\(place.path) cannot be written by this user",
          why: "lines go to standard error alone until it can",
          type: "sudo chown $(id -u) \(ProgramPath.quoted(place.path))"))
    case .file where place.size > largeLogFile:
      findings.append(
        Finding(
          .note, .log, "\(place.path) has \(ProgressLine.bytes(place.size))",
          why: "nothing rotates it: Packaging/logrotate/retraind does, and the daemon opens a new one on USR1"))
    case .file: break
    case .directory, .other:
      findings.append(
        Finding(
          .warning, .log, "\(place.path) is no file", why: "lines go to standard error alone",
          write: otherLog))
    case .hidden(let why):
      findings.append(
        Finding(
          .warning, .log, "\(place.path) cannot be looked at: \(why)", why: "lines would go to standard error alone"))
    }
    return findings
  }

  /// Names another log.
  private static let otherLog = "log: { file: \"FILE\" }   (in retraind.json5)"

  /// What is somebody else's is theirs to look at: to take it from them would stop their daemon.
  private static func foreign(_ place: PlaceFacts, _ topic: Finding.Topic, _ severity: Finding.Severity) -> Finding {
    let owner = place.directoryOwner
    let what =
      if case .hidden(let why) = place.kind {
        "\(place.path) cannot be looked at: \(why)"
      } else {
        "\(place.path) cannot be written by this user (uid \(place.user))"
      }
    return Finding(
      severity, topic, what,
      why: place.directoryKind.isHidden
        ? "this user may not enter its directory: look as the user of the daemon"
        : "its directory belongs to uid \(owner): look as that user",
      type: place.directoryKind.isHidden || owner == 0
        ? "sudo retraind doctor" : "sudo -u '#\(owner)' retraind doctor")
  }

  /// How this user comes to a directory that it may write, nil where only its owner decides that.
  private static func access(_ place: PlaceFacts, _ topic: Finding.Topic) -> String? {
    let directory = ProgramPath.quoted(place.directory)
    if place.directoryOwner == place.user { return "chmod u+rwx \(directory)" }
    if !place.hasDirectory {
      // Not the one above, which others have a use for.
      let own = ProgramPath.quoted(StatePaths.directory(of: place.path))
      return "sudo install -d -o \(place.user) \(own)"
    }
    return topic == .state && place.kind == .absent ? "sudo chown \(place.user) \(directory)" : nil
  }

  /// What may be wrong with the directory.
  private static func directory(
    _ place: PlaceFacts, _ topic: Finding.Topic, _ severity: Finding.Severity, write: String
  ) -> [Finding] {
    let directory = ProgramPath.quoted(place.directory)
    var findings: [Finding] = []
    // That its file cannot be looked at is told of that.
    if place.directoryKind.isHidden { return [] }
    if place.directoryKind != .directory {
      let what = place.hasDirectory ? "is no directory" : "is in the way: it is no directory"
      findings.append(
        Finding(severity, topic, "\(place.directory) \(what)", why: "\(place.path) cannot be made", write: write))
    } else if place.isReadOnly {
      findings.append(
        Finding(
          severity, topic, "\(place.directory) is on a file system that is mounted read-only",
          why: "\(place.path) cannot be written", write: write))
    } else if !place.isDirectoryWritable {
      findings.append(
        Finding(
          severity, topic, "\(place.directory) cannot be written by this user (uid \(place.user))",
          why: "it belongs to uid \(place.directoryOwner), and \(place.path) cannot be "
            + (place.kind == .absent ? "made" : "changed"),
          type: access(place, topic), write: write))
    } else if topic == .state, place.hasDirectory {
      if place.isDirectoryOpenToAll {
        findings.append(
          Finding(
            .warning, topic, "every user of this machine may write into \(place.directory)",
            why: "anybody could replace the database or the control socket", type: "chmod o-w \(directory)"))
      } else if place.directoryOwner != place.user {
        findings.append(
          Finding(
            .note, topic, "\(place.directory) belongs to uid \(place.directoryOwner), and this is uid \(place.user)",
            why: "what this user may do there, the daemon's may not, and the other way round"))
      }
    }
    return findings
  }

  /// Room on the disk.
  private static func space(_ place: PlaceFacts, _ topic: Finding.Topic) -> [Finding] {
    guard let free = place.free, free < littleFree, !place.isReadOnly else { return [] }
    let what = "\(ProgressLine.bytes(free)) are free on the disk of \(place.directory)"
    let why = "without room nothing is recorded, and nothing is done that is not recorded"
    let type = "df -h \(ProgramPath.quoted(place.directory))"
    return [Finding(free < leastFree ? .error : .warning, topic, what, why: why, type: type)]
  }
}
