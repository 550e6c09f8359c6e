#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The monotonic clock in nanoseconds: cheaper to read than any clock of the library that is measured.
func nanoseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// Prints a figure at once.
func figure(_ name: String, _ value: Double) {
  print(name, value)
  fflush(nil)
}

/// Prints the middle and the 99th hundredth of times, from nanoseconds in microseconds.
func quantiles(_ name: String, _ times: [Int64]) {
  let sorted = times.sorted()
  guard !sorted.isEmpty else { return }
  figure(name + "_p50", Double(sorted[(sorted.count - 1) / 2]) / 1000)
  figure(name + "_p99", Double(sorted[max(0, (sorted.count * 99 + 99) / 100 - 1)]) / 1000)
}

/// Memory of this process, in bytes. Only Linux tells.
struct Memory {
  /// All resident pages.
  let resident: Int
  /// Private pages that were written to.
  let dirty: Int

  /// Reads it; nil where the system does not tell.
  static func read() -> Memory? {
    let descriptor = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 65536)
    let count = unistdRead(descriptor, &bytes, bytes.count)
    guard count > 0 else { return nil }
    let text = String(decoding: bytes[..<count], as: UTF8.self)
    func value(_ name: String) -> Int? {
      let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
      return line?.dropFirst(name.count).split(separator: " ").first.flatMap { Int($0) }.map { $0 * 1024 }
    }
    guard let resident = value("Rss:"), let dirty = value("Private_Dirty:") else { return nil }
    return Memory(resident: resident, dirty: dirty)
  }
}

/// The system call, which the method above hides.
private func unistdRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
  read(descriptor, buffer, count)
}
