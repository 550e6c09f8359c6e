import CShims

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// An open file descriptor with one owner, closed when that goes.
struct Descriptor: ~Copyable, Sendable {
  /// Its number.
  let number: Int32

  /// Takes over an open descriptor; nil for a negative number.
  init?(_ number: Int32) {
    guard number >= 0 else { return nil }
    self.number = number
  }

  deinit { _ = close(number) }
}

/// Wakes a thread that sits in poll(2), from any other thread, once and for good.
final class WakeUp: Sendable {
  /// Becomes readable at the wake-up and stays so.
  let readEnd: Descriptor
  /// Written to by `wake`.
  private let writeEnd: Descriptor

  /// Makes one; nil with `errno` where no descriptor is left.
  init?() {
    var ends: [Int32] = [-1, -1]
    guard retraind_pipe(&ends) == 0, let readEnd = Descriptor(ends[0]), let writeEnd = Descriptor(ends[1]) else {
      return nil
    }
    self.readEnd = readEnd
    self.writeEnd = writeEnd
    _ = retraind_set_blocking(self.writeEnd.number, 0)
  }

  /// Wakes the thread now, or as soon as it polls.
  func wake() {
    var byte: UInt8 = 1
    _ = write(writeEnd.number, &byte, 1)
  }

  /// True once `wake` was called.
  var isAwake: Bool {
    var entry = pollfd(fd: readEnd.number, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, 0) > 0
  }
}
