import Glibc
import Testing

@testable import Platform

@Suite(.timeLimit(.minutes(5))) struct FileLockTests {
  private func failure(_ path: String) -> LockFailure? {
    do {
      _ = try FileLock.acquire(path: path)
      return nil
    } catch {
      return error
    }
  }

  @Test func oneHolderAtATime() throws {
    let scratch = try ScratchDirectory()
    let path = scratch.file("a.lock")
    let lock = try FileLock.acquire(path: path)
    #expect(failure(path) == .held(byPID: getpid()))
    #expect(failure(path)?.description.contains("\(getpid())") == true)
    #expect(try contents(of: path) == "\(getpid())\n")
    lock.release()
    lock.release()
    #expect(failure(path) == nil)
    #expect(access(path, F_OK) == 0, "it is never removed")
  }

  @Test func itsHolderIsNamedWhileItIsHeld() throws {
    let scratch = try ScratchDirectory()
    let path = scratch.file("a.lock")
    #expect(FileLock.holder(at: path) == nil)
    let lock = try FileLock.acquire(path: path)
    #expect(FileLock.holder(at: path) == getpid())
    #expect(lock.isInPlace)
    #expect(unlink(path) == 0)
    #expect(!lock.isInPlace)
    // Somebody else's file now.
    let other = try FileLock.acquire(path: path)
    #expect(!lock.isInPlace && other.isInPlace)
    other.release()
    #expect(FileLock.holder(at: path) == nil)
    #expect(!other.isInPlace)
  }

  @Test func goesWithItsObject() throws {
    let scratch = try ScratchDirectory()
    do { _ = try FileLock.acquire(path: scratch.file("a.lock")) }
    #expect(failure(scratch.file("a.lock")) == nil)
  }

  @Test func anotherProcessHoldsItUntilItDies() async throws {
    let scratch = try ScratchDirectory()
    let path = scratch.file("a.lock")
    let (ready, said) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let holder = Task {
      try await shell("exec 9>\(path); flock -n 9 && echo $$ >&9 && echo held && exec sleep 60") { _ in said.yield() }
    }
    for await _ in ready { break }
    let held = failure(path)
    guard case .held(byPID: let process?) = held else {
      Issue.record("\(String(describing: held))")
      return
    }
    kill(process, SIGKILL)
    #expect(try await holder.value.ending == .signalled(signal: SIGKILL))
    let lock = try FileLock.acquire(path: path)
    // And the other way round: we hold it, another process does not get it.
    #expect(try await shell("flock -n \(path) true").ending == .exited(code: 1))
    lock.release()
    #expect(try await shell("flock -n \(path) true").ending == .exited(code: 0))
  }

  @Test func childrenDoNotInheritIt() async throws {
    let scratch = try ScratchDirectory()
    let path = scratch.file("a.lock")
    let lock = try FileLock.acquire(path: path)
    let (ready, said) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let child = Task { try await shell("echo ready; sleep 60") { _ in said.yield() } }
    for await _ in ready { break }
    lock.release()
    #expect(failure(path) == nil)
    child.cancel()
    _ = try await child.value
  }

  @Test func modes() throws {
    let scratch = try ScratchDirectory()
    let own = try FileLock.acquire(path: scratch.file("own.lock"))
    let shared = try FileLock.acquire(path: scratch.file("shared.lock"), access: .everyone)
    #expect(permissions(of: own.path) == 0o600)
    #expect(permissions(of: shared.path) == 0o666)
  }

  @Test func whatIsNoLockFileIsRefused() throws {
    let scratch = try ScratchDirectory()
    let target = try scratch.make("target", "precious")
    symlink(target, scratch.file("link.lock"))
    mkfifo(scratch.file("fifo.lock"), 0o600)
    guard case .denied? = failure(scratch.file("link.lock")) else { Issue.record("a link was followed"); return }
    guard case .failed? = failure(scratch.file("fifo.lock")) else { Issue.record("a pipe was opened"); return }
    guard case .failed(let text)? = failure(scratch.file("no/such.lock")) else { Issue.record("made of air"); return }
    #expect(text.contains("directory"))
    guard case .failed? = failure(scratch.path) else { Issue.record("a directory was locked"); return }
    link(target, scratch.file("hard.lock"))
    _ = try FileLock.acquire(path: scratch.file("hard.lock"))
    #expect(try contents(of: target) == "precious", "what has another name is not written into")
  }

  @Test func aRemovedFileIsNotMistakenForTheLock() throws {
    let scratch = try ScratchDirectory()
    let path = scratch.file("a.lock")
    let old = try FileLock.acquire(path: path)
    unlink(path)
    let new = try FileLock.acquire(path: path)
    #expect(failure(path) == .held(byPID: getpid()))
    old.release()
    #expect(failure(path) == .held(byPID: getpid()))
    new.release()
  }

  @Test func textWithoutAProcess() throws {
    let scratch = try ScratchDirectory()
    let path = try scratch.make("a.lock")
    let number = open(path, O_RDWR | O_CLOEXEC)
    flock(number, LOCK_EX)
    #expect(failure(path) == .held(byPID: nil))
    close(number)
  }

  @Test func aHeldLockIsWaitedForWithinABound() async throws {
    let scratch = try ScratchDirectory()
    let path = scratch.file("l")
    #expect(FileLock.processID(at: path) == nil)
    let first = try FileLock.acquire(path: path)
    #expect(FileLock.processID(at: path) == getpid())
    let start = MonotonicMoment.now()
    let patience = FileLock.retryInterval * 3
    await #expect(throws: LockFailure.held(byPID: getpid())) {
      _ = try await FileLock.acquire(path: path, within: patience)
    }
    #expect(start.nanosecondsLeft() <= -patience.wholeNanoseconds)
    let second = Task { try await FileLock.acquire(path: path, within: .seconds(30)) }
    first.release()
    #expect(try await second.value.path == path)
  }
}
