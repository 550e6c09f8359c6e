public import Journal
internal import Platform
internal import Rules

/// Delivering events: `system_events`, or `learning_events` while that table is not there for us.
extension SupabaseStore {
  /// Events of one request: their ids still fit into a URL.
  static let eventsPerRequest = 100
  /// How long events go to the second table before the first one is asked again.
  static let elsewhereTime = Duration.seconds(60)

  /// What became of an event.
  typealias Outcome = Result<DeliveryReceipt, DeliveryFailure>

  /// Events that it takes at once.
  public var batchSize: Int { Self.eventsPerRequest }

  /// Delivers one event that may have been tried before.
  public func deliver(_ event: RetrainEvent) async throws(DeliveryFailure) -> DeliveryReceipt {
    guard let outcome = await deliver([Delivery(event)]).first else { throw .transient("nothing was tried") }
    return try outcome.get()
  }

  /// Delivers several. What may have been tried before is looked for first: a request that was not answered may have
  /// been done.
  public func deliver(_ batch: [Delivery]) async -> [Result<DeliveryReceipt, DeliveryFailure>] {
    if let refusal = session.client.refusal {
      return batch.map { _ in .failure(.transient(refusal.description, after: refusal.retryAfter)) }
    }
    var outcomes: [String: Outcome] = [:]
    var toWrite = batch.filter(\.isFresh).map(\.event)
    let unsure = batch.filter { !$0.isFresh }.map(\.event)
    do throws(StoreProblem) {
      var left = unsure
      for table in [SupabaseTable.systemEvents, .learningEvents] where !left.isEmpty {
        let found = try await lookUp(left, in: table)
        for event in left where found.contains(event.eventID) {
          outcomes[event.eventID] = .success(DeliveryReceipt(table: table.rawValue, wasThere: true))
        }
        left.removeAll { found.contains($0.eventID) }
      }
      toWrite += left
    } catch {
      for event in unsure where outcomes[event.eventID] == nil {
        outcomes[event.eventID] = .failure(.transient(error.description, after: error.retryAfter))
      }
    }
    if !toWrite.isEmpty {
      let table = session.goesElsewhere ? SupabaseTable.learningEvents : .systemEvents
      var alike = AlikeRefusals()
      await write(toWrite[...], to: table, into: &outcomes, &alike)
    }
    return batch.map { outcomes[$0.event.eventID] ?? .failure(.transient("nothing was tried")) }
  }

  /// Writes events into a table.
  ///
  /// - Returns: false where the store is not to be asked again now.
  @discardableResult
  private func write(
    _ events: ArraySlice<RetrainEvent>, to table: SupabaseTable, into outcomes: inout [String: Outcome],
    _ alike: inout AlikeRefusals
  ) async -> Bool {
    func settle(_ outcome: Outcome) { for event in events { outcomes[event.eventID] = outcome } }
    var noted: Set<EventWrite.Unknown> = []
    var waited: Set<EventWrite.Unknown> = []
    for unknown in EventWrite.Unknown.of(table) {
      guard let since = await missingSince(unknown, table) else { continue }
      noted.insert(unknown)
      if since.adding(EventWrite.cachePatience) <= session.now { waited.insert(unknown) }
    }
    var write = EventWrite(
      table, count: events.count, endpoint: session.client.endpoint, knowledge: session.knowledge(of: table.rawValue),
      waited: waited, alike: alike)
    var step = write.onStart()
    while true {
      switch step {
      case .sendLater(let pause, let unknown):
        if noted.insert(unknown).inserted { await note(unknown, table, missingSince: session.now) }
        do throws(StoreProblem) {
          try await session.client.wait(pause)
        } catch {
          settle(.failure(.transient(error.description)))
          return false
        }
        step = .send
      case .send:
        do throws(StoreProblem) {
          let columns = table.columns(write.knowledge)
          try await session.client.post(
            table.rawValue, columns: columns, rows: table.rows(Array(events), columns: columns),
            ignoringDuplicates: write.knowledge.ignoresDuplicates && columns.contains("id"))
          settle(.success(DeliveryReceipt(table: table.rawValue, wasThere: false)))
          onWritten(table)
          alike = AlikeRefusals()
          for unknown in noted where !write.isWithout(unknown) { await note(unknown, table, missingSince: nil) }
          return true
        } catch {
          step = write.onProblem(error)
          alike = write.alike
          session.learn(write.lasting, of: table.rawValue)
        }
      case .split:
        let middle = events.startIndex + events.count / 2
        guard await self.write(events[..<middle], to: table, into: &outcomes, &alike) else {
          for event in events[middle...] { outcomes[event.eventID] = outcomes[events[events.startIndex].eventID] }
          return false
        }
        return await self.write(events[middle...], to: table, into: &outcomes, &alike)
      case .lookUp:
        settle(await outcomeOfDuplicate(events, in: table))
        return true
      case .elsewhere(let why):
        session.note("events", why)
        session.goElsewhere(for: Self.elsewhereTime)
        return await self.write(events, to: .learningEvents, into: &outcomes, &alike)
      case .blocked(let why):
        settle(.failure(.blocked(why)))
        return true
      case .transient(let what, let after):
        settle(.failure(.transient(what, after: after)))
        return false
      }
    }
  }

  /// Since when something is missing, as an earlier program saw it: a command may be too short to wait.
  private func missingSince(_ unknown: EventWrite.Unknown, _ table: SupabaseTable) async -> Timestamp? {
    guard let text = try? await journal?.recall(unknown.name(table)) else { return nil }
    return Timestamp(parsing: text)
  }

  /// A note that gets lost costs a pause, nothing else.
  private func note(_ unknown: EventWrite.Unknown, _ table: SupabaseTable, missingSince time: Timestamp?) async {
    try? await journal?.remember(unknown.name(table), time?.sortableText)
  }

  private func onWritten(_ table: SupabaseTable) {
    guard table == .systemEvents else { return }
    session.goElsewhere(for: nil)
    session.note("events", nil)
  }

  /// A row with such a key is there: this event, or another row that some column keeps it apart from.
  private func outcomeOfDuplicate(_ events: ArraySlice<RetrainEvent>, in table: SupabaseTable) async -> Outcome {
    do throws(StoreProblem) {
      let found = try await lookUp(Array(events), in: table)
      if events.allSatisfy({ found.contains($0.eventID) }) {
        return .success(DeliveryReceipt(table: table.rawValue, wasThere: true))
      }
    } catch {
      return .failure(.transient(error.description, after: error.retryAfter))
    }
    guard session.knowledge(of: table.rawValue).takesID else {
      return .failure(
        .blocked(
          "\(table.rawValue) at \(session.client.endpoint) counts its ids, and gives this event one that is in use. Run "
            + "in the SQL editor: \(Remedy.counter(table.rawValue, schema: session.client.schema(of: table.rawValue)))")
      )
    }
    return .failure(
      .blocked(
        "\(table.rawValue) at \(session.client.endpoint) holds another row that a unique column does not let this event "
          + "stand beside: drop that constraint"))
  }

  /// Which of the events lie in a table.
  ///
  /// - Returns: their ids; none where the table does not exist or may not be read.
  private func lookUp(_ events: [RetrainEvent], in table: SupabaseTable) async throws(StoreProblem) -> Set<String> {
    let ids = events.map(\.eventID)
    do throws(StoreProblem) {
      return try await self.ids(ids, in: table, by: "metadata->>event_id", key: "event_id")
    } catch {
      guard let known = try Self.meaning(error) else { return try await lookUpOtherwise(ids, in: table) }
      return known
    }
  }

  /// Where `metadata` is not there, is plain text, or takes too long to look through: by the row's own id, else in the
  /// text.
  private func lookUpOtherwise(_ ids: [String], in table: SupabaseTable) async throws(StoreProblem) -> Set<String> {
    do throws(StoreProblem) {
      let found = try await self.ids(ids, in: table, by: "id", key: "id")
      // Where ids are ours, an event that we wrote has its own.
      if session.knowledge(of: table.rawValue).takesID { return found }
    } catch {
      if let known = try Self.meaning(error) { return known }
    }
    var found: Set<String> = []
    for id in ids {
      let query = PostgRESTQuery().with("select", "metadata").with("metadata", "like.*\(id)*").with("limit", "1")
      do throws(StoreProblem) {
        let response = try await session.client.get(table.rawValue, query)
        if try !rows(response, ["metadata"], table).isEmpty { found.insert(id) }
      } catch {
        // No event can be recognised there, and none is written: that is refused with what to do about it.
        guard case .missingColumn = error.kind else { throw error }
        return found
      }
    }
    return found
  }

  private func ids(
    _ ids: [String], in table: SupabaseTable, by column: String, key: String
  ) async throws(StoreProblem) -> Set<String> {
    let list = ids.map { $0.utf8.allSatisfy(Self.isPlain) ? $0 : PostgRESTQuery.quoted($0) }
    let filter = ids.count == 1 ? "eq.\(ids[0])" : "in.(\(list.joined(separator: ",")))"
    let query = PostgRESTQuery().with("select", column).with(column, filter)
    let found = try rows(try await session.client.get(table.rawValue, query), [key], table)
    // One was asked for: whatever came is it.
    if ids.count == 1 { return found.isEmpty ? [] : Set(ids) }
    return Set(found.compactMap { $0.first?.text })
  }

  private func rows(
    _ response: HTTPResponse, _ columns: [String], _ table: SupabaseTable
  ) throws(StoreProblem) -> [[SQLiteValue]] {
    do throws(JSONRows.Problem) {
      return try JSONRows.read(response.body, columns: columns)
    } catch {
      throw session.client.problem(response, table.rawValue)
    }
  }

  /// What a refused look-up says: the events are not there, or, with nil, that it must be made in another way.
  private static func meaning(_ problem: StoreProblem) throws(StoreProblem) -> Set<String>? {
    switch problem.kind {
    // What may not be read cannot be looked into; ids that are our own keep the event from being there twice.
    case .missingTable, .denied, .deniedToAnonymous: return []
    case .missingColumn, .refused: return nil
    case .unavailable where problem.code == "57014": return nil
    default: throw problem
    }
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      || byte == UInt8(ascii: "-")
  }
}
