/// Where a run stands.
public enum RunState: String, Sendable, Hashable, CaseIterable, Codable {
  /// Somebody asked for it.
  case requested
  /// It is committed in the journal together with its event: from here on it may act.
  case recorded
  /// The server pulls the model.
  case pulling
  /// Samples are written for training.
  case exporting
  /// The training runs.
  case training
  /// A model is built from what was trained.
  case building
  /// The new version is checked.
  case verifying
  /// The new version answers a part of the requests.
  case canary
  /// The new version takes the place of the old one.
  case promoting
  /// Done.
  case succeeded
  /// An attempt failed; a retry records the run again.
  case failed
  /// The deadline passed; a retry records the run again.
  case timedOut
  /// A person or a reload took it back.
  case cancelled
  /// The process stopped under it; it goes on at the next start.
  case interrupted
  /// The old version serves again.
  case rolledBack

  /// As people read it.
  public var words: String {
    switch self {
    case .timedOut: "timed out"
    case .rolledBack: "rolled back"
    default: rawValue
    }
  }

  /// True where nothing goes on by itself: the run is over unless somebody takes it up again.
  public var isTerminal: Bool {
    switch self {
    case .succeeded, .failed, .timedOut, .cancelled, .rolledBack: true
    case .requested, .recorded, .pulling, .exporting, .training, .building, .verifying, .canary, .promoting,
      .interrupted:
      false
    }
  }

  /// Whether a run may go from this state to another. A state that is not terminal may be recorded again, which is how
  /// a new stage in the same state is told.
  public func canBecome(_ next: RunState) -> Bool {
    if self == next { return !isTerminal }
    return successors.contains(next)
  }

  /// How work may stop at any point of it.
  private static let stops: Set<RunState> = [.failed, .timedOut, .cancelled, .interrupted]

  private var successors: Set<RunState> {
    switch self {
    case .requested: [.recorded, .failed, .cancelled, .interrupted]
    // A rollback has nothing to pull: it verifies or promotes what is there.
    case .recorded: Self.stops.union([.pulling, .exporting, .verifying, .promoting])
    case .pulling: Self.stops.union([.verifying])
    case .exporting: Self.stops.union([.training])
    case .training: Self.stops.union([.building])
    case .building: Self.stops.union([.verifying])
    // Straight to the end where the server already had the newest version.
    case .verifying: Self.stops.union([.canary, .promoting, .succeeded, .rolledBack])
    case .canary: Self.stops.union([.promoting, .rolledBack])
    case .promoting: Self.stops.union([.succeeded, .rolledBack])
    // Resumed from the begin or where it stood, or closed honestly.
    case .interrupted:
      [
        .recorded, .pulling, .exporting, .training, .building, .verifying, .canary, .promoting, .failed, .timedOut,
        .cancelled, .rolledBack,
      ]
    // The next attempt of the same run.
    case .failed, .timedOut: [.recorded]
    // Put back later.
    case .succeeded: [.rolledBack]
    case .cancelled, .rolledBack: []
    }
  }
}

/// What a run is meant to do.
public enum RunKind: String, Sendable, Hashable, CaseIterable, Codable {
  /// Fetch the newest version.
  case pull
  /// Put the previous version back.
  case rollback
}

/// Who or what asked for a run.
public enum RunTrigger: String, Sendable, Hashable, CaseIterable, Codable {
  /// A decision found the model degraded.
  case degraded
  /// A person asked for a retrain.
  case manual
  /// A person asked for the previous version.
  case rollback
}
