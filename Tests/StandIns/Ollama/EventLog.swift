#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The log that is judged by: one JSON object a line, each written at once.
struct EventLog: Sendable {
  /// The longest body that a `request` line repeats.
  static let maxBody = 4096

  private let descriptor: Int32

  /// Appends to a file; without one nothing is written.
  init(path: String?) throws(StandInFailure) {
    guard let path else {
      descriptor = -1
      return
    }
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw StandInFailure("cannot append to \(path): \(lastError())") }
  }

  /// The server listens: whatever was open before ended with the server before it.
  func started(port: UInt16) {
    append("start", #""port":\#(port)"#)
  }

  /// A call.
  func request(_ request: HTTPRequest) {
    append(
      "request",
      #""method":\#(JSON.quoted(request.method)),"path":\#(JSON.quoted(request.path))"#
        + #","body":\#(JSON.quoted(request.body.prefix(Self.maxBody)))"#)
  }

  /// A pull began, ended or was left by its client.
  func pull(_ event: String, model: String, id: Int, active: Int, detail: String) {
    append(
      event, #""model":\#(JSON.quoted(model)),"id":\#(id),"active":\#(active),"detail":\#(JSON.quoted(detail))"#)
  }

  private func append(_ event: String, _ members: String) {
    guard descriptor >= 0 else { return }
    let line = Array(#"{"t":\#(WallClock.seconds),"event":"\#(event)",\#(members)}"#.utf8 + [10])
    _ = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
  }
}
