internal import Platform

extension OllamaAPI {
  /// Downloads the newest version. What stands still or breaks off is begun again, within `PullRetry`'s bounds.
  public func pull(
    _ model: String, progress: @escaping @Sendable (PullProgress) -> Void
  ) async throws(ModelServerFailure) {
    try Self.check(model)
    var registry = PlainRegistry(isConfigured: isInsecure)
    var retry = PullRetry()
    while true {
      let body = try Self.encode(PullBody(model, isInsecure: registry.isInsecure))
      let (end, bytes) = await attempt(model, body, progress)
      let how: PullRetry.Break
      let failure: ModelServerFailure
      switch end {
      case .success: return
      case .final(let final):
        guard let final = registry.onFailure(final, of: model) else { continue }
        throw final
      case .broken(let kind, let reason): (how, failure) = (kind, reason)
      }
      guard let wait = retry.onBreak(how, bytes: bytes) else {
        throw retry.repulls == 0
          ? failure : ModelServerFailure(failure.kind, "\(failure.description) (begun again \(retry.repulls) times)")
      }
      progress(how.progress)
      do {
        // Checks for cancellation too where there is nothing to wait for.
        try await clock.sleep(wait)
        try Task.checkCancellation()
      } catch {
        throw cancelled(model)
      }
    }
  }

  /// How an attempt ended.
  private enum AttemptEnd {
    /// With `success`.
    case success
    /// For good.
    case final(ModelServerFailure)
    /// Worth beginning again.
    case broken(PullRetry.Break, ModelServerFailure)
  }

  /// One connection, watched.
  private func attempt(
    _ model: String, _ body: [UInt8], _ progress: @escaping @Sendable (PullProgress) -> Void
  ) async -> (AttemptEnd, Int64) {
    let clock = clock
    let transport = transport
    // The connection's thread and the watchdog share it.
    let shared = Guarded(PullStream(model: model, server: name, timeouts: timeouts, at: clock.now()))
    let request = HTTPRequest(
      .post, endpoint.url + "/api/pull", headers: [HTTPHeader("Content-Type", "application/json")], body: body,
      timeouts: HTTPTimeouts(connect: Self.pullConnect, firstByte: nil, stall: nil, total: nil),
      maximumBody: Self.maximumPullAnswer)
    let (settled, settle) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let end = await WatchedPull.run(
      clock: clock,
      deadline: { shared.withLock { $0.isSettled ? nil : $0.watchdog.nextLook(after: clock.now()) } },
      stall: { now in shared.withLock { $0.stall(at: now) } },
      settled: settled,
      attempt: { () async -> Result<HTTPResponse, HTTPFailure> in
        do throws(HTTPFailure) {
          return .success(
            try await transport.send(request) { piece in
              let (steps, isSettled) = shared.withLock { stream in
                let wasSettled = stream.isSettled
                let steps = stream.receive(piece, at: clock.now())
                return (steps, stream.isSettled && !wasSettled)
              }
              for step in steps { progress(step) }
              if isSettled { settle.yield() }
            })
        } catch {
          return .failure(error)
        }
      })
    let bytes = shared.withLock { $0.watchdog.maximum }
    switch end {
    case .finished(let result):
      return (judge(result, shared, model), bytes)
    case .stalled(let stall, let result):
      // It may have got through at the last moment.
      if case .success = judge(result, shared, model) { return (.success, bytes) }
      if Task.isCancelled { return (.final(cancelled(model)), bytes) }
      return (.broken(.stalled, .stalled(stall, model: model, server: name, timeouts: timeouts)), bytes)
    }
  }

  /// What a connection that is over means.
  private func judge(
    _ result: Result<HTTPResponse, HTTPFailure>, _ shared: Guarded<PullStream>, _ model: String
  ) -> AttemptEnd {
    let status: Int?
    switch result {
    case .success(let response):
      status = response.status
    case .failure(let failure):
      switch failure.kind {
      // The words that came before may still be the last ones; what follows them, however it ends, changes nothing.
      case _ where shared.withLock({ $0.isSettled }): status = nil
      case .truncated, .cancelled: status = nil
      case .unreachable, .connectTimeout, .proxy: return .broken(.refused, ModelServerFailure(failure))
      case .firstByteTimeout, .stalled, .totalTimeout: return .broken(.stalled, ModelServerFailure(failure))
      case .invalidURL, .tooLarge, .tls, .exhausted, .other: return .final(ModelServerFailure(failure))
      }
    }
    switch shared.withLock({ $0.finish(status: status, at: clock.now()) }) {
    case .success: return .success
    case .failed(let failure): return .final(failure)
    case .truncated:
      if case .failure(let failure) = result, failure.kind == .cancelled { return .final(cancelled(model)) }
      return .broken(
        .truncated,
        ModelServerFailure(
          .malformed, "\(name) broke off the pull of \(model) before its success; it may have been restarted"))
    }
  }

  /// What a cancelled pull ends with.
  private func cancelled(_ model: String) -> ModelServerFailure {
    ModelServerFailure(.cancelled, "the pull of \(model) by \(name) was cancelled; its connection is closed")
  }
}
