import Supervision
import SupervisionTesting
import Testing

/// What each step of a script does.
@Suite(.timeLimit(.minutes(5))) struct ScriptedChildTests {
  /// Plays one start, asks it to stop where it still runs, and lets time pass until it has ended.
  static func play(_ steps: [ScriptedChild.Step], tell: [ScriptedChild.Step] = []) throws -> [String] {
    let simulation = Simulation(seed: 9)
    let child = simulation.child("a", starts: [steps])
    let context = ChildContext(id: "a", clock: simulation.clock.supervision) { simulation.note("ready heard") }
    let task = simulation.spawn { try await child.body(context) }
    try simulation.settle()
    for step in tell { #expect(child.tell(step)) }
    try simulation.settle()
    simulation.note("stop")
    task.cancel()
    try simulation.settle()
    child.release()
    try simulation.settle()
    while simulation.clock.advanceToNextSleeper() { try simulation.settle() }
    #expect(child.running.isEmpty)
    return simulation.events.map { entry in
      let time = Int(entry.time / .seconds(1))
      switch entry.content {
      case .child(.began): return "\(time) began"
      case .child(.beat): return "\(time) beat"
      case .child(.ready): return "\(time) ready"
      case .child(.step(_, _, let text)): return "\(time) \(text)"
      case .child(.ended(_, _, let end)): return "\(time) \(end)"
      case .child(.violation(_, let text)): return "\(time) \(text)"
      case .note(let text): return "\(time) \(text)"
      case .supervisor(let event): return "\(time) \(event)"
      }
    }
  }

  @Test("each step does what it says, asked to stop or not")
  func steps() throws {
    #expect(try Self.play([.finish]) == ["0 began", "0 returned", "0 stop"])
    #expect(try Self.play([]) == ["0 began", "0 returned", "0 stop"])
    #expect(try Self.play([.fail("x")]) == ["0 began", "0 failed(\"x\")", "0 stop"])
    #expect(try Self.play([.beat, .decline]) == ["0 began", "0 beat", "0 declined", "0 stop"])
    #expect(try Self.play([.shutDown]) == ["0 began", "0 shutDown", "0 stop"])
    #expect(try Self.play([.cancel]) == ["0 began", "0 cancelled", "0 stop"])
    #expect(
      try Self.play([.ready, .untilStopped]) == ["0 began", "0 ready", "0 ready heard", "0 stop", "0 cancelled"])
    #expect(try Self.play([.untilStopped, .finish]) == ["0 began", "0 stop", "0 returned"])
    #expect(try Self.play([.work(.seconds(2)), .note("on")]) == ["0 began", "0 stop", "0 cancelled"])
    #expect(try Self.play([.linger(.seconds(2)), .note("on")]) == ["0 began", "0 stop", "2 on", "2 cancelled"])
    #expect(try Self.play([.hang, .note("on")]) == ["0 began", "0 stop", "0 on", "0 cancelled"])
  }

  @Test("it obeys what it is told, in order, and refuses what is more than it can hold")
  func told() throws {
    #expect(
      try Self.play([.obey], tell: [.note("1"), .note("2"), .finish]) == [
        "0 began", "0 1", "0 2", "0 returned", "0 stop",
      ])
    #expect(try Self.play([.obey, .note("after")]) == ["0 began", "0 stop", "0 after", "0 cancelled"])
    let simulation = Simulation(seed: 1)
    let child = simulation.child("a", starts: [[.hang]])
    #expect(!child.tell(.ready))
    simulation.spawn { try await child.body(ChildContext(id: "a", clock: simulation.clock.supervision)) }
    try simulation.settle()
    let taken = (0..<100).filter { _ in child.tell(.ready) }.count
    #expect(taken == 16)
    #expect(!child.tell(.ready, generation: 2))
  }
}
