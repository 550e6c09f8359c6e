import Ollama
import Rules
import Testing

@testable import Actors

@Suite("PullRun", .timeLimit(.minutes(5)))
struct PullRunTests {
  let previous = "m:7b-retraind-previous"
  let standby = "m:7b-retraind-previous-standby"

  @Test("changed: back up, pull, verify, unload the old runner through the backup")
  func updated() {
    var run = PullRun(model: "m:7b", keepsBackup: true, before: nil)
    #expect(run.start() == .inspect(["m:7b", previous, standby]))
    #expect(run.onInspected(["old", nil, nil]) == .copy(from: "m:7b", to: previous))
    #expect(run.onCopied() == .pull("m:7b"))
    #expect(run.onPulled() == .verify("m:7b"))
    #expect(run.onVerified("new") == .compare("m:7b", previous))
    #expect(run.onCompared(isSame: false) == .unload(previous))
    #expect(run.onTidied() == .finish(.updated))
    #expect(run.before == "old")
    #expect(run.after == "new")
  }

  @Test("another digest of the same content is no change; what cannot be compared is one", arguments: [true, nil])
  func sameContent(isSame: Bool?) {
    var run = PullRun(model: "m:7b", keepsBackup: true, before: nil)
    _ = run.onInspected(["old", nil, nil])
    _ = run.onCopied()
    _ = run.onPulled()
    #expect(run.onVerified("ole") == .compare("m:7b", previous))
    #expect(run.onCompared(isSame: isSame) == (isSame == true ? .delete(previous) : .unload(previous)))
    #expect(run.onTidied() == .finish(isSame == true ? .alreadyCurrent : .updated))
  }

  @Test("unchanged: the backup goes")
  func alreadyCurrent() {
    var run = PullRun(model: "m:7b", keepsBackup: true, before: nil)
    _ = run.onInspected(["old", nil, nil])
    _ = run.onCopied()
    _ = run.onPulled()
    #expect(run.onVerified("old") == .delete(previous))
    #expect(run.onTidied() == .finish(.alreadyCurrent))
  }

  @Test("an older version to go back to survives a pull that changes nothing")
  func standbyKeepsTheWayBack() {
    var run = PullRun(model: "m:7b", keepsBackup: true, before: nil)
    #expect(run.onInspected(["v2", "v1", nil]) == .copy(from: "m:7b", to: standby))
    _ = run.onCopied()
    _ = run.onPulled()
    #expect(run.onVerified("v2") == .delete(standby))
    #expect(run.onTidied() == .finish(.alreadyCurrent))
  }

  @Test("with an older version kept, a change moves the standby into its place")
  func standbyMoves() {
    var run = PullRun(model: "m:7b", keepsBackup: true, before: nil)
    _ = run.onInspected(["v2", "v1", nil])
    _ = run.onCopied()
    _ = run.onPulled()
    #expect(run.onVerified("v3") == .compare("m:7b", standby))
    #expect(run.onCompared(isSame: false) == .copy(from: standby, to: previous))
    #expect(run.onCopied() == .unload(previous))
    #expect(run.onTidied() == .delete(standby))
    #expect(run.onTidied() == .finish(.updated))
  }

  @Test("resumed after the download was taken over: the backup is not copied over")
  func resumedAfterChange() {
    var run = PullRun(model: "m:7b", keepsBackup: true, before: "old")
    #expect(run.onInspected(["new", "old", nil]) == .pull("m:7b"))
    #expect(run.onPulled() == .verify("m:7b"))
    #expect(run.onVerified("new") == .compare("m:7b", previous))
    #expect(run.onCompared(isSame: false) == .unload(previous))
    #expect(run.change == .updated)
  }

  @Test("resumed before anything changed: as a first attempt")
  func resumedBeforeChange() {
    var run = PullRun(model: "m:7b", keepsBackup: true, before: "old")
    #expect(run.onInspected(["old", "old", nil]) == .copy(from: "m:7b", to: previous))
  }

  @Test("a model that is not there yet has nothing to back up")
  func firstPull() {
    var run = PullRun(model: "m:7b", keepsBackup: true, before: nil)
    #expect(run.onInspected([nil, nil, nil]) == .pull("m:7b"))
    _ = run.onPulled()
    #expect(run.onVerified("new") == .finish(.updated))
  }

  @Test("digests that cannot be read are unverified, and the backup stays", arguments: [nil, ""])
  func unverified(after: String?) {
    var run = PullRun(model: "m:7b", keepsBackup: true, before: nil)
    _ = run.onInspected(["old", nil, nil])
    _ = run.onCopied()
    _ = run.onPulled()
    #expect(run.onVerified(after) == .unload(previous))
    #expect(run.onTidied() == .finish(.unverified))
  }

  @Test("without backup nothing is copied, unloaded or removed")
  func noBackup() {
    var run = PullRun(model: "m:7b", keepsBackup: false, before: nil)
    #expect(run.onInspected(["old", nil, nil]) == .pull("m:7b"))
    _ = run.onPulled()
    #expect(run.onVerified("new") == .finish(.updated))
  }

  @Test("without backup an older version that was kept goes when the model changes: it is no longer the one before")
  func olderBackup() {
    var run = PullRun(model: "m:7b", keepsBackup: false, before: nil)
    #expect(run.onInspected(["old", "older", nil]) == .pull("m:7b"))
    _ = run.onPulled()
    #expect(run.onVerified("new") == .delete(previous))
    #expect(run.onTidied() == .finish(.updated))
    var same = PullRun(model: "m:7b", keepsBackup: false, before: nil)
    #expect(same.onInspected(["old", "older", nil]) == .pull("m:7b"))
    _ = same.onPulled()
    #expect(same.onVerified("old") == .finish(.alreadyCurrent))
  }

  @Test("digests of the API and of the program tell the same version, and all digits are kept")
  func digestsOfBothWays() {
    var run = PullRun(model: "m:7b", keepsBackup: true, before: Digests.old)
    #expect(run.onInspected([Digests.old12, Digests.old12, nil]) == .copy(from: "m:7b", to: previous))
    #expect(run.before == Digests.old)
    _ = run.onPulled()
    #expect(run.onVerified(Digests.old12) == .delete(previous))
    #expect(run.change == .alreadyCurrent)

    var other = PullRun(model: "m:7b", keepsBackup: true, before: Digests.old12)
    #expect(other.onInspected([Digests.new, Digests.old, nil]) == .pull("m:7b"))
    _ = other.onPulled()
    #expect(other.onVerified(Digests.new) == .compare("m:7b", previous))
    #expect(other.onCompared(isSame: false) == .unload(previous))
    #expect(other.change == .updated)
  }

  @Test("resumed where digests cannot be told apart: what is held is not copied over, and nothing is claimed")
  func resumedUnverified() {
    var run = PullRun(model: "m:7b", keepsBackup: true, before: Digests.old)
    #expect(run.onInspected(["", Digests.old, nil]) == .pull("m:7b"))
    _ = run.onPulled()
    #expect(run.onVerified("") == .unload(previous))
    #expect(run.change == .unverified)
  }

  @Test("names of what is held fit into a tag, and are told apart", arguments: [1, 53, 54, 55, 62, 63, 80])
  func tagsFit(length: Int) throws {
    let model = "m:" + String(repeating: "t", count: length)
    let tags = RunTags(model: model)
    let names = [tags.previous, tags.standby, tags.rejected]
    #expect(Set(names + [model]).count == 4)
    for name in names { #expect(name.utf8.count <= 2 + Ollama.ModelName.maximumTag) }
    #expect(tags.previous == Ollama.ModelName.backup(of: model))
    let other = RunTags(model: String(model.dropLast()) + "u")
    #expect(Set(names).isDisjoint(with: [other.previous, other.standby, other.rejected]))
  }
}

/// Digests as the API tells them, and as the program does.
private enum Digests {
  static let old = "00aabbccddee" + String(repeating: "0", count: 52)
  static let old12 = "00aabbccddee"
  static let new = "11aabbccddee" + String(repeating: "0", count: 52)
}

@Suite("RollbackRun", .timeLimit(.minutes(5)))
struct RollbackRunTests {
  let previous = "m:7b-retraind-previous"
  let rejected = "m:7b-retraind-previous-rejected"

  @Test("hold the rejected version, put the previous back, unload the rejected runner, remove the hold")
  func order() {
    var run = RollbackRun(model: "m:7b", before: nil)
    #expect(run.start() == .inspect(["m:7b", previous, rejected]))
    #expect(run.onInspected(["new", "old", nil]) == .copy(from: "m:7b", to: rejected))
    #expect(run.onDone() == .copy(from: previous, to: "m:7b"))
    #expect(run.onDone() == .unload(rejected))
    #expect(run.onDone() == .delete(rejected))
    #expect(run.onDone() == .finish(.updated))
  }

  @Test("nothing to go back to is refused with the remedy")
  func nothing() {
    var run = RollbackRun(model: "m:7b", before: nil)
    guard case .refuse(let why) = run.onInspected(["new", nil, nil]) else {
      Issue.record("not refused")
      return
    }
    #expect(why.contains(previous))
  }

  @Test("resumed after the version was put back: only the rejected runner is left to unload")
  func resumed() {
    var run = RollbackRun(model: "m:7b", before: "new")
    #expect(run.onInspected(["old", "old", "new"]) == .unload(rejected))
    #expect(run.onDone() == .delete(rejected))
    #expect(run.onDone() == .finish(.updated))
  }

  @Test("a version that is served already is nothing to go back to, also where the run is resumed")
  func already() {
    for before in [nil, "old"] {
      var run = RollbackRun(model: "m:7b", before: before)
      guard case .refuse(let why) = run.onInspected(["old", "old", nil]) else {
        Issue.record("not refused")
        continue
      }
      #expect(why.hasPrefix("nothing to roll back to: \(previous) holds the version that is served already (old)"))
    }
  }

  @Test("what an earlier rollback could not tidy up is tidied before the refusal")
  func alreadyWithRest() {
    var run = RollbackRun(model: "m:7b", before: nil)
    #expect(run.onInspected(["old", "old", "new"]) == .unload(rejected))
    #expect(run.onDone() == .delete(rejected))
    guard case .refuse = run.onDone() else {
      Issue.record("not refused")
      return
    }
  }

  @Test("digests of the API and of the program tell the same version")
  func digestsOfBothWays() {
    var run = RollbackRun(model: "m:7b", before: Digests.new)
    #expect(run.onInspected([Digests.old12, Digests.old, Digests.new]) == .unload(rejected))
    #expect(run.onDone() == .delete(rejected))
    #expect(run.onDone() == .finish(.updated))
  }
}
