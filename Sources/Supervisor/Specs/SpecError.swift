/// Why a specification is refused.
public enum SpecError: Error, Sendable, Hashable, CustomStringConvertible {
  /// An id is empty: that of the child at this position, or of the supervisor.
  case emptyID(position: Int?)
  /// Two children have the same id.
  case duplicateChild(id: String, supervisor: String)
  /// A number outside what is allowed.
  case badNumber(owner: String, field: String, value: String, allowed: String)
  /// With these delays, `intensity` restarts take longer than `period`: a child could fail for ever unnoticed.
  case neverEscalates(child: String, intensity: Int, period: Duration, needed: Duration)
  /// A permanent child is significant, though it always comes back.
  case significantPermanent(child: String)
  /// A child is significant, but the supervisor's `autoShutdown` is `never`.
  case significantInVain(child: String, supervisor: String)
  /// A reload names another supervisor.
  case otherSupervisor(running: String, given: String)
  /// A reload comes when the supervisor has stopped.
  case hasStopped(supervisor: String)

  /// For people.
  public var description: String {
    switch self {
    case .emptyID(let position):
      "\(position.map { "the child at position \($0)" } ?? "the supervisor") has an empty id: give it a name"
    case .duplicateChild(let id, let supervisor):
      "two children of \(supervisor) have the id \(id): ids must differ"
    case .badNumber(let owner, let field, let value, let allowed):
      "\(owner): \(field) \(value) is out of range; allowed: \(allowed)"
    case .neverEscalates(let child, let intensity, let period, let needed):
      """
      \(child) could never escalate: \(intensity) restarts take up to \(needed.short) with its backoff, but only \
      those within \(period.short) are counted; lengthen the period, or lower the intensity or the backoff
      """
    case .significantPermanent(let child):
      "\(child): significant makes no sense for a permanent child, which always comes back; make it transient or temporary"
    case .significantInVain(let child, let supervisor):
      "\(child): significant has no effect while autoShutdown of \(supervisor) is never; set it to any or all significant"
    case .otherSupervisor(let running, let given):
      "the specification is for \(given), but the supervisor is \(running): a reload keeps the id"
    case .hasStopped(let supervisor): "\(supervisor) has stopped: there is nothing to reload"
    }
  }
}
