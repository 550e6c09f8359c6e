/// Children by request, while the supervisor runs.
///
/// Requests are answered also while a child is in a restart loop. A caller that is cancelled still gets its answer: a
/// start takes no longer than its timeout and its grace.
extension Supervisor {
  /// Starts a new child, and waits until it is ready or declines. It is the last in the order.
  ///
  /// - Returns: which start is ready, and what it gave to `ready(_:)`.
  /// - Throws: `ChildError` where the id is taken, the specification is refused, or the start failed; it is not kept.
  @discardableResult
  public func startChild(_ spec: ChildSpec) async throws(ChildError) -> StartedChild {
    try await start { $0.onStartChild(spec, $1, now: $2, &$3) }
  }

  /// Stops a child for good, and waits until it has ended or was abandoned. Its specification is kept, unless it is
  /// temporary. A child that does not run is fine, and one that waits for its restart does not come back.
  ///
  /// - Throws: `ChildError` where there is none of that id.
  public func terminateChild(_ id: String) async throws(ChildError) {
    _ = try await request { $0.onTerminateChild(id, $1, now: $2, &$3) }.get()
  }

  /// Starts a child that does not run, and waits until it is ready or declines. Where that fails it is kept as it was.
  ///
  /// - Throws: `ChildError` where there is none of that id, it runs or is being restarted, or the start failed.
  @discardableResult
  public func restartChild(_ id: String) async throws(ChildError) -> StartedChild {
    try await start { $0.onRestartChild(id, $1, now: $2, &$3) }
  }

  /// Forgets a child that does not run.
  ///
  /// - Throws: `ChildError` where there is none of that id, or it runs or is being restarted.
  public func deleteChild(_ id: String) async throws(ChildError) {
    try await change { machine, now, actions throws(ChildError) in
      try machine.onDeleteChild(id, now: now, &actions)
    }
  }

  /// Replaces the specifications of the supervisor and of its children in place: nothing is started or stopped.
  ///
  /// New limits, delays, graces and significance hold at once; a new body, and a heartbeat where there was none, from
  /// the next start on. Children that are new are added and do not run; those that are missing stay as they are.
  ///
  /// - Throws: `SpecError` where the specification is for another supervisor, does not fit to children that it does not
  ///   name, or comes after the stop. The old ones stay in force then.
  public func reload(_ spec: SupervisorSpec) async throws(SpecError) {
    try await ask { supervisor in Result { () throws(SpecError) in try supervisor.replace(spec) } }.get()
  }

  /// Replaces the specifications; called with the turn.
  func replace(_ spec: SupervisorSpec) throws(SpecError) {
    var result = Result<Void, SpecError>.success(())
    let now = clock.now()
    decide { machine, actions in
      do throws(SpecError) { try machine.onReload(spec, now: now, &actions) } catch { result = .failure(error) }
    }
    try result.get()
    for start in running { start?.incarnation.outdate() }
  }

  // MARK: Looking

  /// The children, newest first; none once the supervisor has stopped.
  public func whichChildren() async -> [ChildInfo] { await ask { $0.machine.whichChildren() } }

  /// A child.
  ///
  /// - Throws: `ChildError` where there is none of that id, or the supervisor has stopped.
  public func whichChild(_ id: String) async throws(ChildError) -> ChildInfo {
    try await ask { supervisor in
      Result { () throws(ChildError) in try supervisor.machine.whichChild(id) }
    }.get()
  }

  /// A child's specification, with the defaults filled in.
  ///
  /// - Throws: `ChildError` where there is none of that id, or the supervisor has stopped.
  public func childSpec(_ id: String) async throws(ChildError) -> ChildSpec {
    try await ask { supervisor in
      Result { () throws(ChildError) in try supervisor.machine.childSpec(id) }
    }.get()
  }

  /// How many children there are; none once the supervisor has stopped.
  public func countChildren() async -> ChildCounts { await ask { $0.machine.countChildren() } }

  // MARK: How

  /// An input of the machine that is answered by a ticket.
  typealias TicketInput =
    @Sendable (
      inout SupervisorStateMachine, SupervisorStateMachine.Ticket, Duration, inout [SupervisorStateMachine.Action]
    ) -> Void

  /// Makes a request, and waits for its answer.
  func request(_ input: @escaping TicketInput) async -> SupervisorStateMachine.Answer {
    await withCheckedContinuation { continuation in
      post(
        .request { supervisor in
          let ticket = supervisor.nextTicket
          supervisor.nextTicket += 1
          supervisor.tickets[ticket] = continuation
          let now = supervisor.clock.now()
          supervisor.decide { machine, actions in input(&machine, ticket, now, &actions) }
        })
    }
  }

  /// Makes a request for a start.
  func start(_ input: @escaping TicketInput) async throws(ChildError) -> StartedChild {
    guard let started = try await request(input).get() else {
      throw .notRunning(supervisor: id, state: .stopped)
    }
    return started
  }

  /// Changes something that can be refused.
  private func change<Failure: Error>(
    _ input:
      @escaping @Sendable (
        inout SupervisorStateMachine, Duration, inout [SupervisorStateMachine.Action]
      ) throws(Failure) -> Void
  ) async throws(Failure) {
    let result: Result<Void, Failure> = await ask { supervisor in
      var result = Result<Void, Failure>.success(())
      let now = supervisor.clock.now()
      supervisor.decide { machine, actions in
        do throws(Failure) { try input(&machine, now, &actions) } catch { result = .failure(error) }
      }
      return result
    }
    try result.get()
  }
}
