internal import Journal
internal import Platform
internal import Rules

/// Where events go while a project is configured whose key is missing.
///
/// Where the journal has never known the project, that is the embedded store, as with no project at all. Where it has,
/// the key was lost: events that wait for the project wait on, for in the embedded store nobody would look for them.
public struct KeylessSink: EventSink {
  /// The store of who has no project.
  private let embedded: EmbeddedStore
  /// Knows which project was in use.
  private let journal: Journal
  /// The project, without a key.
  private let endpoint: SupabaseEndpoint

  /// Makes a sink.
  public init(url: String, journal: Journal) {
    embedded = EmbeddedStore(journal)
    self.journal = journal
    endpoint = SupabaseEndpoint(url: url, key: "")
  }

  /// Delivers an event to the embedded store, or lets it wait.
  public func deliver(_ event: RetrainEvent) async throws(DeliveryFailure) -> DeliveryReceipt {
    let lastUse: Timestamp?
    do throws(JournalFailure) {
      lastUse = try await journal.mirrorCompleted(of: endpoint.root)
    } catch {
      throw .transient("\(error)", after: nil)
    }
    guard lastUse == nil else {
      throw .transient(
        "\(endpoint) was in use and its key is missing: put it back (supabase.keyFile, or SUPABASE_SERVICE_ROLE_KEY), or "
          + "take supabase.url out to use the embedded store", after: nil)
    }
    return try await embedded.deliver(event)
  }
}
