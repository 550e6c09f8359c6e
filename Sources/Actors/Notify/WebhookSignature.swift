internal import Platform

/// The secret of a webhook and the signatures that it makes, as Standard Webhooks 1.0 say.
public struct WebhookSecret: Sendable {
  /// Bytes that a secret may have.
  static let lengths = 24...64
  /// What a secret begins with, where it is marked as one.
  public static let prefix = "whsec_"

  /// The key itself; private, so that nothing prints it.
  private let key: [UInt8]

  /// Reads a secret: base64 of 24 to 64 bytes, with or without `whsec_`; nil where the text is none.
  public init?(_ text: String) {
    let digits = text.hasPrefix(Self.prefix) ? text.dropFirst(Self.prefix.count) : text[...]
    guard let key = Base64.decode(digits), Self.lengths.contains(key.count) else { return nil }
    self.key = key
  }

  /// The value of `webhook-signature`.
  ///
  /// - Parameters:
  ///   - id: the value of `webhook-id`.
  ///   - timestamp: the value of `webhook-timestamp`, in seconds since 1970.
  ///   - body: the bytes that are sent.
  func sign(id: String, timestamp: Int64, body: [UInt8]) throws(CryptoFailure) -> String {
    "v1," + Base64.encode(try HMACSHA256.code(of: Array("\(id).\(timestamp).".utf8) + body, key: key))
  }
}
