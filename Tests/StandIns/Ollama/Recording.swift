/// One recorded answer to `POST /api/pull`: what the real server sent, and when.
struct Play: Sendable {
  /// One line of the answer.
  struct Step: Sendable {
    /// Seconds since the recording began.
    var at: Double
    /// The line, byte for byte, without its newline.
    var line: String
    /// True where the recording only says that the line was there (`previous line repeated`), not its place in time.
    var restored: Bool
  }

  /// How the answer ended.
  enum Ending: Sendable, Hashable {
    /// With the last chunk, after `success` or `error`.
    case complete
    /// The server died: the chunked body is truncated.
    case cut
    /// The client left; the server would have gone on.
    case clientLeft
    /// Nothing more ever came.
    case hang
  }

  /// `S01.1`: the recording and the place in it.
  var name: String
  /// Status code of the answer.
  var status: Int
  /// Its content type.
  var contentType: String
  /// When the status line came, in seconds since the recording began.
  var startedAt: Double
  /// The lines, in order.
  var steps: [Step]
  /// How it ended.
  var ending: Ending
  /// When it ended.
  var endedAt: Double
  /// How many lines the recorder saw; it wrote down about one a second and every change of status.
  var seenLines: Int

  /// How many of its lines stand in the recording as they were sent.
  var literalLines: Int { steps.count { !$0.restored } }
}

/// One recorded run of the `ollama` program.
struct CommandRun: Sendable {
  /// What was typed, without the leading `ollama`.
  var arguments: String
  /// Its exit code; negative: the signal that ended it.
  var exitCode: Int
  /// What it wrote to stdout.
  var stdout: String
  /// What it wrote to stderr, or the end of that.
  var stderr: String
  /// True where `stderr` is all of it.
  var isWhole: Bool
}

/// One recorded call of an endpoint other than pull, made with curl.
struct CurlCall: Sendable {
  /// `POST`, `GET`, ...
  var method: String
  /// `/api/copy`.
  var path: String
  /// What was sent.
  var sent: String
  /// Status code of the answer.
  var status: Int
  /// Its content type; empty where there was none.
  var contentType: String
  /// What came back.
  var body: String
}

/// One file of recordings.
struct Recording: Sendable {
  /// `S01`.
  var name: String
  /// Answers to pulls, in the order in which they began.
  var plays: [Play]
  /// Runs of the program.
  var runs: [CommandRun]
  /// Calls of the other endpoints.
  var calls: [CurlCall]
  /// The file as it is.
  var text: String
}
