public import Platform

/// Makes ids of runs, events and cycles; ordered by time, so that lists of them are too.
public final class Identifiers: Sendable {
  private let source: Guarded<IdentifierSource>
  private let wallClock: WallClock

  /// Makes ids from a seeded or a random source.
  public init(_ source: IdentifierSource = .fromSystem(), wallClock: WallClock = .system) {
    self.source = Guarded(source)
    self.wallClock = wallClock
  }

  /// The next id.
  public func next() -> String {
    let now = wallClock.microseconds()
    return source.withLock { $0.next(at: now) }
  }
}
