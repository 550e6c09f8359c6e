internal import Platform

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// A Supabase project on 127.0.0.1: a thread per connection, ended with the object.
public final class PostgRESTStandIn: Sendable {
  private struct State {
    var play: StandInPlay
    var connections = 0
    var open: Set<Int32> = []
    var isStopped = false
  }
  private let state: Guarded<State>
  private let listener: Int32
  /// Where it listens.
  public let port: UInt16

  /// What `SUPABASE_URL` says.
  public var url: String { "http://127.0.0.1:\(port)" }

  /// Listens on a free port of loopback.
  public init(_ project: StandInProject = StandInProject()) {
    signal(SIGPIPE, SIG_IGN)
    #if canImport(Glibc)
      let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    #else
      let listener = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        precondition(bind(listener, $0, length) == 0 && listen(listener, 128) == 0, "no port for a stand-in")
        getsockname(listener, $0, &length)
      }
    }
    self.listener = listener
    port = UInt16(bigEndian: address.sin_port)
    state = Guarded(State(play: StandInPlay(project)))
    let state = state
    Self.thread {
      while true {
        let descriptor = accept(listener, nil, nil)
        guard descriptor >= 0 else { return }
        let number = state.withLock { state -> Int? in
          guard !state.isStopped else { return nil }
          state.open.insert(descriptor)
          state.connections += 1
          return state.connections - 1
        }
        guard let number else {
          close(descriptor)
          return
        }
        Self.thread {
          Self.converse(descriptor, number, state)
          state.withLock { _ = $0.open.remove(descriptor) }
          shutdown(descriptor, Int32(SHUT_RDWR))
          close(descriptor)
        }
      }
    }
  }

  deinit {
    stop()
    close(listener)
  }

  /// Listens no more, and closes what is open. Its port stays its own.
  public func stop() {
    let open = state.withLock { state in
      state.isStopped = true
      return state.open
    }
    shutdown(listener, Int32(SHUT_RDWR))
    for descriptor in open { shutdown(descriptor, Int32(SHUT_RDWR)) }
  }

  /// Looks at the project, or changes it.
  public func withProject<Value: Sendable>(_ body: (inout StandInProject) -> Value) -> Value {
    state.withLock { body(&$0.play.project) }
  }

  /// The rows of a table.
  public func rows(_ table: String) -> [[String: Cell]] { withProject { $0.tables[table]?.rows ?? [] } }

  /// Every request so far.
  public var calls: [Call] { state.withLock { $0.play.calls } }

  /// Plays a fault.
  ///
  /// - Parameters:
  ///   - pattern: `POST system_events`, `GET *`, or `*` for everything.
  ///   - times: for so many requests.
  public func play(_ fault: Fault, on pattern: String = "*", times: Int = .max) {
    state.withLock { $0.play.play(fault, on: pattern, times: times) }
  }

  /// Plays no more faults.
  public func heal() { state.withLock { $0.play.heal() } }

  // MARK: - A connection

  private static func converse(_ descriptor: Int32, _ number: Int, _ state: Guarded<State>) {
    var unread: [UInt8] = []
    while let request = next(descriptor, &unread) {
      let (answer, fault) = state.withLock { $0.play.take(request, connection: number) }
      if let answer {
        guard send(descriptor, text(answer)) else { return }
        continue
      }
      switch fault {
      case .silence, .doneThenSilence:
        var buffer = [UInt8](repeating: 0, count: 4096)
        while recv(descriptor, &buffer, buffer.count, 0) > 0 {}
      case .truncated:
        _ = send(
          descriptor, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n[{\"id\":1},")
      case .flood(let bytes):
        _ = send(descriptor, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n[")
        let chunk = String(repeating: #"{"id":1,"accept_rate":0.5},"#, count: 2000)
        var sent = 0
        while sent < bytes, send(descriptor, chunk) { sent += chunk.utf8.count }
      default: break
      }
      return
    }
  }

  private static func text(_ answer: StandInAnswer) -> String {
    var text = "HTTP/1.1 \(answer.status)\r\nContent-Length: \(answer.body.utf8.count)\r\n"
    for (name, value) in answer.headers { text += "\(name): \(value)\r\n" }
    return text + "\r\n" + answer.body
  }

  private static func next(_ descriptor: Int32, _ unread: inout [UInt8]) -> StandInProject.Request? {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    var isHeadSeen = 0
    while true {
      if unread.count >= 4, let end = headEnd(unread, from: isHeadSeen) {
        let lines = String(decoding: unread[..<(end - 4)], as: UTF8.self).split(separator: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count == 3 else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
          guard let colon = line.firstIndex(of: ":") else { continue }
          headers[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        if unread.count >= end + length {
          let body = String(decoding: unread[end..<(end + length)], as: UTF8.self)
          unread.removeFirst(end + length)
          return StandInProject.Request(
            method: String(words[0]), target: String(words[1]), headers: headers, body: body)
        }
      } else {
        isHeadSeen = max(0, unread.count - 4)
      }
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      unread += buffer[..<count]
    }
  }

  private static func headEnd(_ bytes: [UInt8], from start: Int) -> Int? {
    var index = start
    while index + 4 <= bytes.count {
      if bytes[index] == 13, bytes[index + 1] == 10, bytes[index + 2] == 13, bytes[index + 3] == 10 { return index + 4 }
      index += 1
    }
    return nil
  }

  private static func send(_ descriptor: Int32, _ text: String) -> Bool {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { buffer in
        #if canImport(Glibc)
          Glibc.send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
        #else
          Darwin.send(descriptor, buffer.baseAddress, buffer.count, 0)
        #endif
      }
      guard count > 0 else { return false }
      bytes = bytes.dropFirst(count)
    }
    return true
  }

  private static func thread(_ body: @escaping @Sendable () -> Void) {
    final class Start: Sendable {
      let body: @Sendable () -> Void
      init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let box = Unmanaged.passRetained(Start(body)).toOpaque()
    #if canImport(Glibc)
      var thread = pthread_t()
      let result = pthread_create(
        &thread, nil,
        { raw in
          if let raw { Unmanaged<Start>.fromOpaque(raw).takeRetainedValue().body() }
          return nil
        }, box)
      if result == 0 { pthread_detach(thread) }
    #else
      var thread: pthread_t?
      let result = pthread_create(
        &thread, nil,
        { raw in
          Unmanaged<Start>.fromOpaque(raw).takeRetainedValue().body()
          return nil
        }, box)
      if result == 0, let thread { pthread_detach(thread) }
    #endif
    precondition(result == 0, "no thread for a stand-in")
  }
}
