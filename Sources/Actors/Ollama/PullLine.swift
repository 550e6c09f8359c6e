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

  /// What the status of an error begins with, where a server tells errors as a status.
  private static let errorPrefix = "error: "
  /// Digits of a layer's digest that are shown.
  private static let shownDigits = 12

  /// Reads a line; nil where it is none of the three.
  init?(_ bytes: [UInt8]) {
    guard let line = try? JSONDecoder().decode(Fields.self, from: Data(bytes)) else { return nil }
    if let error = line.error {
      self = .error(error.text)
      return
    }
    // A server that runs with another client for the registry leaves the status of a layer out.
    guard let status = line.status ?? line.digest.map({ "pulling \(Self.shown($0))" }) else { return nil }
    if status == "success" {
      self = .success
    } else if status.hasPrefix(Self.errorPrefix) {
      self = .error(String(status.dropFirst(Self.errorPrefix.count)))
    } else {
      self = .progress(
        PullProgress(status: status, digest: line.digest, completed: line.completed ?? 0, total: line.total ?? 0))
    }
  }

  /// A layer as the status names it.
  private static func shown(_ digest: String) -> Substring {
    (digest.split(separator: ":").last ?? "").prefix(shownDigits)
  }

  /// The members of a line. The server leaves out numbers that are 0.
  ///
  /// Numbers only show how far it is: one that is unusable counts as left out, and does not end a download.
  private struct Fields: Decodable {
    /// Bytes above which a number is none: a layer of a pebibyte.
    static let plausible: ClosedRange<Int64> = 0...(1 << 50)

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

    private enum CodingKeys: CodingKey {
      case status, digest, total, completed, error
    }

    /// Reads what there is.
    init(from decoder: any Decoder) throws {
      let members = try decoder.container(keyedBy: CodingKeys.self)
      status = try members.decodeIfPresent(String.self, forKey: .status)
      error = try members.decodeIfPresent(ErrorText.self, forKey: .error)
      digest = try? members.decode(String.self, forKey: .digest)
      total = Self.count(.total, members)
      completed = Self.count(.completed, members)
    }

    /// A number of bytes; nil for what is none.
    private static func count(_ key: CodingKeys, _ members: KeyedDecodingContainer<CodingKeys>) -> Int64? {
      guard let count = try? members.decode(Int64.self, forKey: key), plausible.contains(count) else { return nil }
      return count
    }
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
