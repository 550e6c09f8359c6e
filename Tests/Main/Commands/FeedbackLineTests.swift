import Rules
import TestSupport
import Testing

@testable import Actors
@testable import Main

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Lines of a file of judgements.
@Suite("feedback lines", .timeLimit(.minutes(5)))
struct FeedbackLineTests {
  private static let now = Timestamp(microseconds: 1_768_435_200_000_000)

  private func read(_ text: String, model: String? = nil) -> Result<Judgement, ConfigError> {
    do throws(ConfigError) {
      return .success(
        try FeedbackLine(file: "f", number: 7).judgement(Array(text.utf8), model: model, now: Self.now))
    } catch {
      return .failure(error)
    }
  }

  @Test("columns have their own names, and shorter ones; null is nothing")
  func columns() throws {
    var expected = Judgement(.correction, model: "m")
    expected.id = "5"
    expected.modelVersion = "v"
    expected.confidence = 0.5
    expected.microseconds = 1_768_435_200_000_000 - 3_600_000_000
    expected.submission = "9"
    expected.prompt = "p\n\u{1F600}"
    expected.completion = "c"
    expected.correction = "r"
    let texts = [
      """
      {"id":5,"event_type":"correction","approved":false,"model":"m","model_version":"v","confidence_score":0.5,\
      "created_at":"2026-01-14T23:00:00+00:00","submission_id":9,"prompt":"p\\n\\ud83d\\ude00","completion":"c",\
      "correction":"r"}
      """,
      """
      { "id": "5", "type": "correction", "model": "m", "version": "v", "confidence": 5e-1, \
      "timestamp": "2026-01-14 23:00:00", "submission_id": "9", "prompt": "p\\n😀", "completion": "c", \
      "correction": "r", }
      """,
    ]
    for text in texts { #expect(try read(text).get() == expected) }
    let plain = try read(
      #"{"event_type":"approval","model":null,"confidence_score":0.0,"prompt":null}"#, model: "m"
    ).get()
    #expect(plain == Judgement(.approval, model: "m"))
  }

  @Test(
    "without a type, what was approved says it",
    arguments: [
      (#"{"approved":true}"#, Judgement.Kind.approval), (#"{"approved":1}"#, .approval),
      (#"{"approved":false}"#, .rejection), (#"{"approved":false,"correction":"r"}"#, .correction),
      (#"{"type":"edited","approved":true}"#, .edited),
    ])
  func kinds(text: String, kind: Judgement.Kind) throws {
    #expect(try read(text, model: "m").get().kind == kind)
  }

  @Test(
    "an error has the line, the column, the field and what to do",
    arguments: [
      ("", "f:7:1: "), ("nope", "f:7:1: "), (#"{"type":"approval""#, "f:7:19: "),
      ("[]", "f:7:1: the line is a list, not an object; write { \"event_type\""),
      (#"{"type":"approval","modle":"m"}"#, "f:7:20: modle: unknown key; did you mean model?"),
      (#"{"type":"approval","xyz":1}"#, "f:7:20: xyz: unknown key; known are id, event_type"),
      (#"{"type":"approval","event_type":"approval"}"#, "f:7:20: event_type: stands twice; write it once"),
      (#"{"type":"approval","type":"approval"}"#, "f:7:20: type: "),
      (#"{"model":"m"}"#, "f:7:1: event_type: is missing; write \"approval\""),
      (#"{"type":"aproval","model":"m"}"#, "did you mean \"approval\"?"),
      (#"{"type":7,"model":"m"}"#, "f:7:9: event_type: is a number, not text; write it in quotes"),
      (#"{"type":"model_retrain"}"#, "f:7:9: event_type: is a retrain, which is no judgement; leave the line out"),
      (#"{"type":"approval","approved":false}"#, "f:7:31: approved: contradicts approval; leave it out"),
      (#"{"type":"approval","approved":"yes"}"#, "f:7:31: approved: is neither true nor false"),
      (#"{"type":"approval"}"#, "f:7:1: model: is missing; name it in the line, or by --model"),
      (#"{"type":"approval","model":"a b"}"#, "f:7:28: model: the name \"a b\" contains white space"),
      (#"{"type":"approval","model":"m","confidence":1.01}"#, "f:7:45: confidence_score: 1.01 is no confidence; write"),
      (#"{"type":"approval","model":"m","confidence":NaN}"#, "f:7:45: confidence_score: NaN is no confidence"),
      (#"{"type":"approval","model":"m","confidence":-1}"#, "f:7:45: confidence_score: -1 is no confidence"),
      (#"{"type":"approval","model":"m","confidence":"0.5"}"#, "f:7:45: confidence_score: is not a number"),
      (#"{"type":"approval","model":"m","timestamp":"soon"}"#, "f:7:44: created_at: soon is not a time; write it like"),
      (#"{"type":"approval","model":"m","timestamp":"2027-01-01T00:00:00Z"}"#, "f:7:44: created_at: 2027"),
      (#"{"type":"approval","model":"m","id":""}"#, "f:7:37: id: it is empty; leave it out"),
      (#"{"type":"approval","model":"m","prompt":["a"]}"#, "f:7:41: prompt: is a list, not text"),
    ])
  func errors(text: String, message: String) {
    switch read(text) {
    case .success(let judgement): Issue.record("\(judgement)")
    case .failure(let error):
      #expect(error.description.contains(message), "\(error)")
      #expect(error.description.hasPrefix("f:7:"), "\(error)")
    }
  }

  /// Reads a whole file.
  private func batches(_ bytes: [UInt8]) throws -> [FeedbackFile.Batch] {
    let path = FileManager.default.temporaryDirectory.path + "/retraind-lines-\(UUID().uuidString)"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = try FeedbackFile(path, model: "m")
    var batches: [FeedbackFile.Batch] = []
    repeat { batches.append(try file.next(now: Self.now)) } while batches.last?.isLast == false
    return batches
  }

  @Test("lines end with LF, CRLF or the file, empty ones are nothing, and one that is too long does not end the rest")
  func lines() throws {
    let long = "{\"type\":\"approval\",\"prompt\":\"" + String(repeating: "x", count: FeedbackFile.longestLine) + "\"}"
    let text = "{\"type\":\"approval\",\"id\":\"1\"}\r\n\n \n\(long)\n{\"type\":\"edited\",\"id\":\"2\"}"
    let batches = try batches(Array(text.utf8))
    #expect(batches.flatMap(\.judgements).map(\.line) == [1, 5])
    #expect(batches.flatMap(\.judgements).map(\.judgement.id) == ["1", "2"])
    let refused = batches.flatMap(\.refused)
    #expect(refused.count == 1)
    #expect(refused.first?.position?.line == 4)
    #expect(batches.last?.lastLine == 5)
    #expect(try self.batches([]).map(\.judgements.count) == [0])
    #expect(try self.batches(Array(long.utf8)).flatMap(\.refused).count == 1)
  }

  @Test("what is wrong within a line is told with the line of the file, and of a line, not a file")
  func positions() throws {
    let lines = "{\"type\":\"approval\"}\n{\"type\":\"approval\",\n\"model\": \"x\"}\n"
    let refused = try batches(Array(lines.utf8)).flatMap(\.refused).map(\.description)
    #expect(refused.count == 2)
    #expect(refused.first?.contains(":2:20: the line ends where") == true, "\(refused)")
    #expect(refused.first?.contains("the { at 2:1 is still open") == true, "\(refused)")
    #expect(refused.last?.contains("the line is one object") == true, "\(refused)")
  }

  @Test("a byte that is 0 and a line without an end stop the import, after what stands before them")
  func endless() throws {
    let good = Array("{\"type\":\"approval\"}\n".utf8)
    for bad in [[UInt8](repeating: 0, count: 10), [UInt8](repeating: 120, count: FeedbackFile.longestSkip + 1)] {
      let path = FileManager.default.temporaryDirectory.path + "/retraind-endless-\(UUID().uuidString)"
      try Data(good + bad).write(to: URL(fileURLWithPath: path))
      defer { try? FileManager.default.removeItem(atPath: path) }
      let file = try FeedbackFile(path, model: "m")
      let first = try file.next(now: Self.now)
      #expect(first.judgements.count == 1)
      #expect(first.lastLine == 1)
      #expect(!first.isLast)
      for _ in 0..<2 {
        let failure = #expect(throws: CommandFailure.self) { try file.next(now: Self.now) }
        #expect(failure?.description.contains(":2: ") == true, "\(failure?.description ?? "")")
      }
    }
  }

  @Test("lines without an id have one that follows from what they say, and from how often it was said")
  func identifiers() throws {
    let line = "{\"type\":\"approval\",\"confidence\":0.5}\n"
    let other = "{\"type\":\"approval\",\"confidence\":0.25}\n"
    let ids = try batches(Array((line + other + line + line).utf8)).flatMap(\.judgements).compactMap(\.judgement.id)
    #expect(Set(ids).count == 4)
    #expect(
      try batches(Array((line + line + other).utf8)).flatMap(\.judgements).compactMap(\.judgement.id)
        == [ids[0], ids[2], ids[1]])
  }

  @Test("batches are bounded by number and by size, and lose nothing")
  func bounds() throws {
    let short = (0..<1201).map { "{\"type\":\"approval\",\"id\":\"\($0)\"}\n" }.joined()
    let many = try batches(Array(short.utf8))
    #expect(many.map(\.judgements.count) == [500, 500, 201])
    #expect(many.map(\.lastLine) == [500, 1000, 1201])
    let text = String(repeating: "x", count: 60_000)
    let large = (0..<5).map { "{\"type\":\"approval\",\"id\":\"\($0)\",\"prompt\":\"\(text)\"}\n" }.joined()
    let few = try batches(Array(large.utf8))
    #expect(few.map(\.judgements.count) == [2, 2, 1])
    #expect(few.map(\.lastLine) == [2, 4, 5])
    #expect(few.flatMap(\.judgements).map(\.judgement.id) == ["0", "1", "2", "3", "4"])
    for batch in many + few {
      let bytes = batch.judgements.map { $0.judgement.bytes + JudgementRecorder.overhead }.reduce(0, +)
      #expect(bytes <= JudgementRecorder.mostBytes)
    }
  }
}
