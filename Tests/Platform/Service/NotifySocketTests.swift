import Testing

@testable import Platform

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

@Suite("Service manager")
struct NotifySocketTests {
  @Test("what the environment says: who listens, and whether somebody watches")
  func environment() {
    #expect(NotifySocket(environment: [:]) == nil)
    #expect(NotifySocket(environment: ["NOTIFY_SOCKET": ""]) == nil)
    #expect(NotifySocket(environment: ["NOTIFY_SOCKET": "@"]) == nil)
    #expect(NotifySocket(environment: ["NOTIFY_SOCKET": "vsock:2:1"]) == nil)
    let plain = NotifySocket(environment: ["NOTIFY_SOCKET": "/run/n"])
    #expect(plain?.address == "/run/n")
    #expect(plain?.watchdog == nil)
    var watched = ["NOTIFY_SOCKET": "@n", "WATCHDOG_USEC": "30000000"]
    #expect(NotifySocket(environment: watched, process: 7)?.watchdog == .seconds(30))
    watched["WATCHDOG_PID"] = "7"
    #expect(NotifySocket(environment: watched, process: 7)?.watchdog == .seconds(30))
    #expect(NotifySocket(environment: watched, process: 8)?.watchdog == nil)
    for nonsense in ["", "0", "-5", "soon"] {
      watched["WATCHDOG_USEC"] = nonsense
      #expect(NotifySocket(environment: watched, process: 7)?.watchdog == nil)
    }
  }

  @Test("a status is one line and bounded, whatever it says")
  func status() {
    #expect(NotifySocket.Word.status("next check 12:05\nREADY=1").assignment == "STATUS=next check 12:05 READY=1")
    let long = NotifySocket.Word.status(String(repeating: "é", count: 1000)).assignment
    #expect(long.utf8.count <= NotifySocket.maximumStatusBytes + "STATUS=…".utf8.count)
    #expect(long.hasSuffix("é…"))
  }

  @Test("words arrive as one datagram, at a path and at a name; where nobody listens it says so")
  func datagrams() throws {
    var addresses = ["/tmp/retraind-notify-\(getpid())"]
    #if os(Linux)
      addresses.append("@retraind-notify-\(getpid())")
    #endif
    for address in addresses {
      let manager = try #require(NotifySocket(environment: ["NOTIFY_SOCKET": address]))
      #expect(!manager.tell(.ready))
      let listener = try #require(Listener(address))
      #expect(manager.tell(.reloading(monotonicMicroseconds: 12), .status("reads the configuration")))
      #expect(listener.receive() == "RELOADING=1\nMONOTONIC_USEC=12\nSTATUS=reads the configuration")
      #expect(manager.tell(.ready, .alive))
      #expect(listener.receive() == "READY=1\nWATCHDOG=1")
      #expect(manager.tell(.stopping, .extendTimeout(microseconds: 5), .failed(code: 2)))
      #expect(listener.receive() == "STOPPING=1\nEXTEND_TIMEOUT_USEC=5\nERRNO=2")
    }
  }

  @Test("a manager that does not read holds up nobody")
  func fullQueue() throws {
    let address = "/tmp/retraind-notify-full-\(getpid())"
    let manager = try #require(NotifySocket(environment: ["NOTIFY_SOCKET": address]))
    let listener = try #require(Listener(address))
    var told = 0
    while told < 100_000, manager.tell(.alive) { told += 1 }
    #expect(told > 0 && told < 100_000)
    #expect(listener.receive() == "WATCHDOG=1")
  }

  @Test("the monotonic clock is the system's, in microseconds")
  func clock() {
    let first = NotifySocket.monotonicMicroseconds()
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    let second = Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
    #expect(first > 0 && first <= second)
  }

  /// A socket that datagrams are sent to.
  private final class Listener {
    private let descriptor: Int32
    private let path: String?

    init?(_ name: String) {
      path = name.hasPrefix("/") ? name : nil
      if let path { unlink(path) }
      #if os(Linux)
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
      #else
        descriptor = socket(AF_UNIX, SOCK_DGRAM, 0)
      #endif
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      let bytes = Array(name.utf8)
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
      if name.hasPrefix("@") { withUnsafeMutableBytes(of: &address.sun_path) { $0[0] = 0 } }
      let offset = MemoryLayout<sockaddr_un>.size - MemoryLayout.size(ofValue: address.sun_path)
      let size = socklen_t(offset + bytes.count)
      let isBound = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) == 0 }
      }
      if !isBound { return nil }
    }

    deinit {
      close(descriptor)
      if let path { unlink(path) }
    }

    /// The next datagram, which is there already.
    func receive() -> String {
      var bytes = [UInt8](repeating: 0, count: 4096)
      let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
      return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
  }
}
