#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What the figures were measured on, as the report's first lines.
func machineText() -> String {
  var name = utsname()
  uname(&name)
  let system = withUnsafeBytes(of: &name.sysname) { text($0) }
  let release = withUnsafeBytes(of: &name.release) { text($0) }
  let processor =
    contents(of: "/proc/cpuinfo").split(separator: "\n").first { $0.hasPrefix("model name") }
    .flatMap { $0.split(separator: ":").last.map { $0.drop(while: { $0 == " " }) } } ?? "unknown processor"
  let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
  let load = contents(of: "/proc/loadavg").split(separator: " ").first ?? "unknown"
  let now = SeededStore.stamp(time(nil))
  return "Measured \(now) on \(system) \(release), \(processor), \(cores) cores, load \(load) at the start."
}

private func text(_ bytes: UnsafeRawBufferPointer) -> String {
  String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
}

/// A word on progress to whoever watches.
func say(_ text: String) {
  var line = Array("bench: \(text)\n".utf8)
  _ = write(STDERR_FILENO, &line, line.count)
}
