import Platform

/// How long a test waits for what it sees by blocking: only a failure takes so long.
public let comesWithin = Duration.seconds(240)

/// Waits for what is seen by blocking, on a thread of its own.
///
/// - Parameter block: blocks until it is there, or for the limit: then false.
/// - Returns: false where it did not come.
public func comes(_ block: @escaping @Sendable (_ limit: Duration) -> Bool) async throws -> Bool {
  try await onOwnThread(name: "watch") { block(comesWithin) }
}
