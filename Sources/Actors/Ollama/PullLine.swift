#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// A line of the answer to a pull.
enum PullLine: Sendable, Hashable {
  /// How far it is.
  case progress(PullProgress)
  /// It is done.
  case success
  /// It failed, in the server's words.
  case error(String)

  /// Reads a line; nil where it is none of the three.
  init?(_ bytes: [UInt8]) {
    guard let line = try? JSONDecoder().decode(Fields.self, from: Data(bytes)) else { return nil }
    if let error = line.error {
      self = .error(error.text)
    } else if line.status == "success" {
      self = .success
    } else if let status = line.status {
      self = .progress(
        PullProgress(
          status: status, digest: line.digest, completed: line.completed ?? 0, total: line.total ?? 0))
    } else {
      return nil
    }
  }

  /// The members of a line. The server leaves out numbers that are 0.
  private struct Fields: Decodable {
    /// Its own word.
    var status: String?
    /// The layer.
    var digest: String?
    /// Size of the layer.
    var total: Int64?
    /// Bytes that have arrived.
    var completed: Int64?
    /// What went wrong.
    var error: ErrorText?
  }
}

/// The value of `"error"`: a text, or in what proxies and the runner send an object with a message.
struct ErrorText: Decodable, Sendable {
  /// In words.
  var text: String

  /// Reads either form.
  init(from decoder: any Decoder) throws {
    if let text = try? decoder.singleValueContainer().decode(String.self) {
      self.text = text
    } else {
      self.text = try decoder.singleValueContainer().decode(Inner.self).message
    }
  }

  /// The object.
  private struct Inner: Decodable {
    /// In words.
    var message: String
  }
}
