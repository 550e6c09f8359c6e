import Journal
import Rules
import TestSupport
import Testing

@testable import Actors

/// Cycles that are made of judgements.
@Suite("Cycle builder", .timeLimit(.minutes(5)))
struct CycleBuilderTests {
  static let midnight = LearningWindowTests.midnight

  private func event(
    _ type: String, _ minute: Int = 0, approved: Bool? = nil, model: String? = "m", version: String? = nil,
    confidence: Double? = nil
  ) -> JudgedEvent {
    JudgedEvent(
      at: Self.midnight.adding(.seconds(minute * 60)), type: type, isApproved: approved, model: model,
      modelVersion: version, confidence: confidence)
  }

  private func build(_ events: [JudgedEvent], window: LearningWindow = LearningWindow(length: .seconds(3600)))
    -> [BuiltCycle]
  {
    var builder = CycleBuilder(window: window)
    for event in events { builder.add(event) }
    return builder.take(through: Timestamp(microseconds: .max))
  }

  private static func take(_ builder: inout CycleBuilder, _ end: Timestamp) -> [BuiltCycle] {
    builder.take(through: end)
  }

  @Test(
    "each kind counts where it belongs: a correction in two columns, an edit in one that says nothing of the answer")
  func columns() throws {
    let cycle = try #require(
      build([
        event("approval", 1, approved: true, confidence: 0.9), event("approval", 2, confidence: 0.8),
        event("approval", 3, confidence: 0), event("rejection", 4, approved: false, confidence: 0.4),
        event("correction", 5, approved: false, confidence: 0.7), event("edited", 6, confidence: 0.1),
        event("model_retrain", 7, approved: false, confidence: 0.1), event("model_retrain", 8), event("other", 9),
      ]).first)
    #expect(cycle.accepted == 3)
    #expect(cycle.rejected == 2)
    #expect(cycle.edited == 2)
    #expect(cycle.corrections == 1)
    #expect(cycle.total == 6)
    #expect(cycle.acceptRate == 0.6)
    // 0.0 is no confidence: two of three have one.
    #expect(cycle.acceptedConfidence == 0.85)
    #expect(cycle.rejectedConfidence == 0.55)
    #expect(cycle.confidenceGap == 0.85 - 0.55)
    #expect(cycle.start == Self.midnight)
    #expect(cycle.end == Self.midnight.adding(.seconds(3600)))
    // What other versions made of it, and will.
    #expect(cycle.id == CycleBuilder.id(model: "m:latest", version: nil, start: Self.midnight.microseconds))
  }

  @Test("a mean that nothing went into is missing, and with it the gap")
  func absentConfidence() throws {
    let cycle = try #require(
      build([
        event("approval", confidence: 0.5), event("rejection", confidence: 0), event("rejection", confidence: .nan),
        event("rejection", confidence: 1.5), event("rejection", confidence: -0.1), event("rejection"),
      ]).first)
    #expect(cycle.acceptedConfidence == 0.5)
    #expect(cycle.rejectedConfidence == nil)
    #expect(cycle.confidenceGap == nil)
  }

  @Test("where nothing was judged there is no cycle, edits and retrains or not")
  func nothingJudged() {
    #expect(build([]).isEmpty)
    #expect(build([event("edited"), event("edited", 5)]).isEmpty)
    #expect(build([event("model_retrain", approved: false)]).isEmpty)
  }

  @Test("what contradicts itself counts nowhere, and is counted")
  func contradictions() {
    var builder = CycleBuilder(window: LearningWindow(length: .seconds(3600)))
    for (type, approved) in [("approval", false), ("rejection", true), ("correction", true)] {
      builder.add(event(type, approved: approved))
    }
    #expect(builder.contradictions == 3)
    // Others write whether an edited answer was approved, too: the type says what it is.
    builder.add(event("edited", approved: true))
    #expect(builder.contradictions == 3)
    #expect(Self.take(&builder, Timestamp(microseconds: .max)).isEmpty)
  }

  @Test(
    "one row for each interval, model and version; another spelling is the same model, no version is one of its own")
  func subjects() {
    let cycles = build([
      event("approval", 10), event("approval", 20, model: "m:latest"), event("approval", 30, model: "library/m"),
      event("approval", 40, version: "v1"), event("rejection", 50, version: "v2"), event("approval", 55, model: nil),
      event("approval", 60), event("approval", 59, model: "n"),
    ])
    #expect(cycles.count == 6)
    #expect(cycles.map(\.accepted).reduce(0, +) == 7)
    #expect(Set(cycles.map(\.id)).count == 6)
    #expect(cycles.first { $0.model == "m:latest" && $0.modelVersion == nil }?.accepted == 3)
    #expect(cycles.count { $0.model == nil } == 1)
  }

  @Test("what is not closed stays in it")
  func partial() {
    var builder = CycleBuilder(window: LearningWindow(length: .seconds(3600)))
    builder.add(event("approval", 10))
    builder.add(event("approval", 70))
    #expect(Self.take(&builder, Self.midnight.adding(.seconds(3599))).isEmpty)
    #expect(Self.take(&builder, Self.midnight.adding(.seconds(3600))).map(\.accepted) == [1])
    #expect(Self.take(&builder, Self.midnight.adding(.seconds(7200))).map(\.accepted) == [1])
    #expect(Self.take(&builder, Self.midnight.adding(.seconds(7200))).isEmpty)
  }

  @Test("the order of arrival makes no difference, to the last bit of a mean", arguments: 0..<50)
  func anyOrder(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let types = Judgement.Kind.allCases.map(\.rawValue) + ["model_retrain"]
    let events = (0..<300).map { _ in
      event(
        types.randomElement(using: &random) ?? "", Int.random(in: 0..<600, using: &random),
        model: ["m", "m:latest", "n", nil].randomElement(using: &random) ?? nil,
        version: ["v1", "v2", nil].randomElement(using: &random) ?? nil,
        confidence: [0, Double.random(in: 0...1, using: &random), nil].randomElement(using: &random) ?? nil)
    }
    let expected = build(events)
    #expect(!expected.isEmpty)
    for _ in 0..<5 { #expect(build(events.shuffled(using: &random)) == expected) }
    // Nothing is lost and nothing counts twice.
    let judged = events.count { ["approval", "rejection", "correction"].contains($0.type) }
    #expect(expected.map { $0.accepted + $0.rejected }.reduce(0, +) == Int64(judged))
  }

  /// The first cycles of a frozen model on a real stream (see ReplayData): accepted of 1,000 each, and the mean
  /// confidence of the source.
  static let replay: [(accepted: Int64, confidence: Double)] = [
    (818, 0.818496), (819, 0.824065), (835, 0.821354), (815, 0.820776), (851, 0.828344), (823, 0.827549),
    (839, 0.82953),
  ]

  @Test("a real stream, judged answer by answer, gives the cycles that it came from")
  func replayed() throws {
    var random = SeededGenerator(seed: 7)
    var events: [JudgedEvent] = []
    for (number, cycle) in Self.replay.enumerated() {
      for judgement in 0..<1000 {
        events.append(
          JudgedEvent(
            at: Self.midnight.adding(.seconds(number * 3600 + Int.random(in: 0..<3600, using: &random))),
            type: judgement < cycle.accepted ? "approval" : "rejection", model: "m", confidence: cycle.confidence))
      }
    }
    let cycles = build(events.shuffled(using: &random))
    #expect(cycles.map(\.accepted) == Self.replay.map(\.accepted))
    #expect(cycles.map(\.rejected) == Self.replay.map { 1000 - $0.accepted })
    #expect(cycles.map(\.acceptedConfidence) == Self.replay.map(\.confidence))
    #expect(cycles.map(\.rejectedConfidence) == Self.replay.map(\.confidence))
    #expect(cycles.allSatisfy { $0.confidenceGap == 0 })
  }

  @Test("ids follow from what a cycle is about, and stay what they are")
  func identifiers() {
    #expect(CycleBuilder.id(model: "m:latest", version: "v1", start: 0) == "df6bc7fb-0adc-8876-bc31-695a2d3e8e72")
    #expect(CycleBuilder.id(model: nil, version: nil, start: 0) == "2eae8f70-59de-8064-b7ba-95190f2dab8b")
    let different = [
      CycleBuilder.id(model: nil, version: nil, start: 0), CycleBuilder.id(model: "", version: nil, start: 0),
      CycleBuilder.id(model: nil, version: "", start: 0), CycleBuilder.id(model: "a", version: nil, start: 0),
      CycleBuilder.id(model: nil, version: "a", start: 0), CycleBuilder.id(model: "a", version: nil, start: 1),
    ]
    #expect(Set(different).count == different.count)
  }
}
