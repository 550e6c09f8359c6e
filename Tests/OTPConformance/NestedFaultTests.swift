import Supervision
import SupervisionTesting
import Testing

/// What else trees have to hold to: what is left over from a nested supervisor that was replaced, and its references.
@Suite("nested faults", .timeLimit(.minutes(5))) struct NestedFaultTests {
  /// An instance behind a reference.
  final class Instance: Sendable {
    /// What it is deaf at.
    let gate = Gate()
  }

  /// A nested supervisor of these children, and a sibling whose failure makes it give up.
  func inner(_ children: [ChildSpec], _ killer: Puppet, ref: Ref<Supervisor>? = nil) -> ChildSpec {
    ChildSpec.supervisor(id: "inner", ref: ref) { _ in
      try SupervisorSpec(id: "inner", strategy: .oneForOne, intensity: 0, children: children + [killer.spec()])
    }
  }

  /// Mutant: ref-cleared-by-the-old.
  @Test("a child of a replaced subtree that ends late does not take the reference of its successor away")
  func lateEndKeepsTheReference() throws {
    try Stage.play { stage in
      let killer = stage.puppet("killer")
      let made = Locked<[Instance]>([])
      let ref = Ref<Instance>("instance")
      let child = ChildSpec.instance(
        id: "instance", ref: ref, shutdown: .atOnce,
        make: { _ in
          let instance = Instance()
          made.withLock { $0.append(instance) }
          return instance
        },
        run: { instance, context in
          context.ready()
          await instance.gate.pass()
        })
      let run = try stage.run([inner([child], killer)])
      let first = try ref.get()
      try killer.end(.abnormal, on: stage)
      let second = try ref.get()
      #expect(first !== second)
      #expect(try run.list() == ["inner#2 ready"])
      first.gate.open()
      try stage.settle()
      #expect(try ref.get() === second)
      try run.end()
      #expect(throws: RefError(id: "instance", isFinal: true)) { try ref.get() }
      second.gate.open()
      try stage.settle()
      #expect(made.withLock { $0.count } == 2)
    }
  }

  /// Mutant: orphans-of-a-subtree-forgotten.
  @Test("what a replaced subtree left behind stays listed until it ends, and is in the report of the stop")
  func orphansOfAReplacedSubtree() throws {
    try Stage.play { stage in
      let killer = stage.puppet("killer")
      let deaf = (1...2).map { _ in stage.puppet("deaf", life: [.ready, .hang]) }
      let nested = ChildSpec.supervisor(id: "inner") { context in
        try SupervisorSpec(
          id: "inner", strategy: .oneForOne, intensity: 0,
          children: [deaf[Int(context.generation) - 1].spec(shutdown: .atOnce), killer.spec()])
      }
      let run = try stage.run([nested])
      try killer.end(.abnormal, on: stage)
      #expect(try run.list() == ["inner#2 ready"])
      #expect(deaf.current == [nil, 1])
      #expect(try stage.ask { await run.supervisor.snapshot() }.orphans.map(\.id) == ["inner/deaf"])
      let report = try run.end()
      #expect(report.unstopped.map(\.id) == ["inner/deaf", "inner/deaf"])
      for puppet in deaf { puppet.script.release() }
      try stage.settle()
    }
  }

  /// Mutant: orphans-of-a-subtree-forgotten.
  @Test("what two starts of a subtree within a subtree left behind is counted twice, until each has ended")
  func orphansOfTwoLevels() throws {
    try Stage.play { stage in
      let (low, middle) = (stage.puppet("low killer"), stage.puppet("middle killer"))
      let made = Locked<[Puppet]>([])
      let lowest = ChildSpec.supervisor(id: "low") { _ in
        let deaf = stage.puppet("deaf", life: [.ready, .hang])
        made.withLock { $0.append(deaf) }
        return try SupervisorSpec(
          id: "low", strategy: .oneForOne, intensity: 0, children: [deaf.spec(shutdown: .atOnce), low.spec()])
      }
      let run = try stage.run([
        ChildSpec.supervisor(id: "middle") { _ in
          try SupervisorSpec(
            id: "middle", strategy: .oneForOne, intensity: 1, backoff: .immediate, children: [lowest, middle.spec()])
        }
      ])
      func left() throws -> [String] { try stage.ask { await run.supervisor.snapshot() }.orphans.map(\.id) }
      try low.end(.abnormal, on: stage)
      try middle.end(.abnormal, on: stage)
      #expect(try run.list() == ["middle#2 ready"])
      #expect(try left() == ["middle/low/deaf", "middle/low/deaf"])
      made.withLock { $0.first }?.script.release()
      try stage.settle()
      #expect(try left() == ["middle/low/deaf"])
      #expect(try run.end().unstopped.map(\.id) == ["middle/low/deaf", "middle/low/deaf"])
      for puppet in made.withLock({ $0 }) { puppet.script.release() }
      try stage.settle()
    }
  }

  /// Mutant: subtree-info-leaks.
  @Test("extra_return: a nested supervisor gives no information along with its start")
  func nestedInfo() throws {
    try Stage.play { stage in
      let run = try stage.run([])
      let inner = ChildSpec.supervisor(id: "inner") { _ in
        try SupervisorSpec(id: "inner", strategy: .oneForOne, children: [])
      }
      #expect(try run.start(inner).info == nil)
    }
  }

  /// Mutant: reload-after-the-end.
  @Test("code_change: a supervisor that has stopped takes no reload")
  func reloadAfterTheEnd() throws {
    try Stage.play { stage in
      let run = try stage.run([])
      try run.end()
      let told = stage.told
      #expect(throws: SpecError.hasStopped(supervisor: "root")) {
        try run.reload(SupervisorSpec(id: "root", strategy: .oneForOne, children: []))
      }
      #expect(stage.told == told)
    }
  }

  // Other than in OTP, where the order becomes that of the new specification: numbers tell the order, and stay.
  /// Mutant: reload-drops-the-new.
  @Test("code_change: a child that a reload adds comes last in the order, wherever the specification has it")
  func reloadOrder() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b", "c")
      let run = try stage.run([puppets[0].spec(), puppets[2].spec()], .restForOne)
      try run.reload(
        SupervisorSpec(
          id: "root", strategy: .restForOne, intensity: 3, period: .seconds(5), backoff: .immediate,
          children: puppets.specs()))
      try run.restart("b")
      #expect(try run.list() == ["a#1 ready", "c#1 ready", "b#1 ready"])
      #expect(try run.end().stopped == ["b", "c", "a"])
    }
  }
}
