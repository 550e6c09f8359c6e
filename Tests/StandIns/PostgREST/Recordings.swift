#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// An answer as the stand-in gives it.
public struct StandInAnswer: Sendable {
  /// `404 Not Found`.
  public var status: String
  /// Headers but those of the transfer.
  public var headers: [(name: String, value: String)]
  /// The body.
  public var body: String

  /// Makes an answer.
  public init(_ status: String, headers: [(name: String, value: String)] = [], body: String = "") {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// What PostgREST says of a path that is none of a table, as its documentation has it.
  public static let unknownPath = StandInAnswer(
    "404 Not Found",
    headers: [("Content-Type", "application/json; charset=utf-8"), ("Proxy-Status", "PostgREST; error=PGRST125")],
    body: #"{"code":"PGRST125","details":null,"hint":null,"message":"Invalid path specified in request URL"}"#)

  /// The same in version 12 and older, where it also stands for a table that does not exist.
  public static let emptyObject = StandInAnswer(
    "404 Not Found", headers: [("Content-Type", "application/json; charset=utf-8")], body: "{}")

  /// An error as PostgREST words it, of Postgres or its own.
  public static func error(_ status: String, _ code: String, _ message: String) -> StandInAnswer {
    StandInAnswer(
      status,
      headers: [("Content-Type", "application/json; charset=utf-8"), ("Proxy-Status", "PostgREST; error=\(code)")],
      body: #"{"code":"\#(code)","details":null,"hint":null,"message":\#(Cell.quoted(message))}"#)
  }

  /// The number.
  public var code: Int { Int(status.prefix(3)) ?? 0 }

  /// The same about other names, such as another table.
  public func replacing(_ old: String, _ new: String) -> StandInAnswer {
    var answer = self
    var rest = body[...]
    answer.body = ""
    while let range = rest.firstRange(of: old) {
      answer.body += rest[..<range.lowerBound] + new
      rest = rest[range.upperBound...]
    }
    answer.body += rest
    return answer
  }
}

/// What a real PostgREST was recorded to answer, by the title of the recording.
public struct PostgRESTRecordings: Sendable {
  /// The answers by title; of a title that stands twice the first.
  public let answers: [String: StandInAnswer]

  /// Reads the recordings beside this file.
  public static let shared = PostgRESTRecordings(
    folder: #filePath.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/Recordings")

  /// Reads every recording of a folder.
  init(folder: String) {
    var answers: [String: StandInAnswer] = [:]
    for name in ["t1-reads", "t2-writes-and-errors", "t3-schema-cache", "t5-daemon-read-and-writes", "t6-gateway-keys"]
    {
      let text = Self.read("\(folder)/\(name).txt")
      for (title, answer) in Self.parse(text) where answers[title] == nil { answers[title] = answer }
    }
    self.answers = answers
  }

  /// An answer that was recorded.
  public subscript(title: String) -> StandInAnswer {
    guard let answer = answers[title] else { preconditionFailure("no recording is called \(title)") }
    return answer
  }

  /// Titles begin with `###` or `---`; then come a command, the head and the body.
  private static func parse(_ text: String) -> [(String, StandInAnswer)] {
    var found: [(String, StandInAnswer)] = []
    var title: String?
    var answer: StandInAnswer?
    var isBody = false
    func isTitle(_ line: Substring) -> Bool {
      line.hasPrefix("### ") || line.hasPrefix("--- ") || line.hasPrefix("== ")
    }
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) + [Substring("== END")] {
      if isTitle(line) {
        if let title, var done = answer {
          while done.body.hasSuffix("\n") { done.body.removeLast() }
          // Some were written down with the time that they took.
          if let time = done.body.firstRange(of: "time "), !done.body.hasPrefix("time ") {
            done.body = String(done.body[..<time.lowerBound])
          }
          found.append((title, done))
        }
        title = String(line.drop { $0 == "#" || $0 == "-" || $0 == "=" }.dropFirst())
        (answer, isBody) = (nil, false)
      } else if line.hasPrefix("HTTP/1.1 "), answer == nil {
        answer = StandInAnswer(String(line.dropFirst(9)))
      } else if isBody {
        answer?.body += line + "\n"
      } else if line.isEmpty {
        if answer != nil { isBody = true }
      } else if let colon = line.firstRange(of: ": "), answer != nil {
        let name = String(line[..<colon.lowerBound])
        if name.lowercased() != "content-length", name.lowercased() != "transfer-encoding" {
          answer?.headers.append((name, String(line[colon.upperBound...])))
        }
      }
    }
    return found
  }

  private static func read(_ path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = fread(&buffer, 1, buffer.count, file)
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
