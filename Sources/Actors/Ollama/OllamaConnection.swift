/// The way to an Ollama server.
public enum OllamaTransport: String, Sendable, Hashable, CaseIterable {
  /// Whichever answers.
  case auto
  /// Its HTTP API.
  case api
  /// The `ollama` program.
  case cli
}

/// Chooses the way to an Ollama server.
public enum OllamaConnection {
  /// The server, by the way that was asked for. `auto` is the API where a server answers it, else the CLI where the
  /// program exists, else the API, whose failures then say what is wrong.
  ///
  /// Choose once per run: the two read digests of different lengths.
  public static func server(_ transport: OllamaTransport, api: OllamaAPI, cli: OllamaCLI) async -> any ModelServer {
    switch transport {
    case .api: return api
    case .cli: return cli
    case .auto:
      do throws(ModelServerFailure) {
        _ = try await api.version()
        return api
      } catch {
        return await cli.isInstalled() ? cli : api
      }
    }
  }
}

extension ModelDigest {
  /// Whether two digests are of the same version; nil where one of them cannot be read. The CLI shows the first 12
  /// digits of what the API shows.
  public func isSameVersion(as other: ModelDigest) -> Bool? {
    let (one, two) = (digest.lowercased(), other.digest.lowercased())
    guard one.utf8.count >= 12, two.utf8.count >= 12 else { return nil }
    return one.hasPrefix(two) || two.hasPrefix(one)
  }
}
