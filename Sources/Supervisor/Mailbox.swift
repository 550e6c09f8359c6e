/// What happened, as told to a supervisor's loop.
enum Post: Sendable {
  /// A child called `ready()`.
  case ready(child: Int, generation: UInt64)
  /// A child's task has ended.
  case ended(child: Int, generation: UInt64, exit: ChildExit)
  /// The alarm that was set for this time has gone off.
  case alarm(Duration)
  /// Somebody asks for the stop.
  case stop
}

/// The inbox of a supervisor: first in, first out, one reader, writers on any thread.
///
/// Its bound is in what is posted: at most twice for each start that lives (readiness counts once), once for the alarm
/// and once for the stop.
final class Mailbox: Sendable {
  /// What the lock protects.
  private struct State {
    /// What has not been read.
    var pending: [Post] = []
    /// The reader, where it waits.
    var reader: CheckedContinuation<[Post], Never>?
    /// True once a stop is among what was posted.
    var hasStop = false
    /// True once nobody reads any more.
    var isClosed = false
  }

  /// The state.
  private let state = Locked(State())

  /// Posts. False where nobody reads any more.
  @discardableResult
  func post(_ post: Post) -> Bool {
    let (accepted, reader) = state.withLock { state -> (Bool, CheckedContinuation<[Post], Never>?) in
      guard !state.isClosed else { return (false, nil) }
      if case .stop = post {
        guard !state.hasStop else { return (true, nil) }
        state.hasStop = true
      }
      guard let reader = state.reader else {
        state.pending.append(post)
        return (true, nil)
      }
      state.reader = nil
      return (true, reader)
    }
    reader?.resume(returning: [post])
    return accepted
  }

  /// Waits until there is something, and takes all of it. Cancellation is posted like anything else.
  func next() async -> [Post] {
    let posts = take()
    if !posts.isEmpty { return posts }
    return await withCheckedContinuation { reader in
      let posts = state.withLock { state -> [Post]? in
        guard state.pending.isEmpty else {
          defer { state.pending = [] }
          return state.pending
        }
        state.reader = reader
        return nil
      }
      if let posts { reader.resume(returning: posts) }
    }
  }

  /// Ends the reading, and hands out what is left.
  func close() -> [Post] {
    state.withLock { state in
      state.isClosed = true
      defer { state.pending = [] }
      return state.pending
    }
  }

  /// Takes what is there, without waiting.
  func take() -> [Post] {
    state.withLock { state in
      defer { state.pending = [] }
      return state.pending
    }
  }
}
