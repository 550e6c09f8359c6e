#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What the kernel says of an idle process. Only Linux tells.
struct IdleFacts {
  /// Private memory that was written to, kB: what the process costs and nobody shares.
  var privateDirty: Int
  /// Its share of memory as if it were alone, kB; see `read`.
  var proportional: Int
  /// All resident pages, kB.
  var resident: Int
  /// Its threads.
  var threads: Int
  /// Context switches of all its threads per second.
  var wakeUpsPerSecond: Double

  /// Looks at a process for some seconds.
  ///
  /// A page of a file that this benchmark maps too (the C library, mostly) would be halved by the mere act of looking;
  /// such files are counted in full, for every process that is measured, so that each stands as if alone.
  static func read(of pid: pid_t, seconds: Int) -> IdleFacts? {
    let before = switches(of: pid)
    let begin = ContinuousClock.now
    sleepUntil(begin + .seconds(seconds))
    let after = switches(of: pid)
    let elapsed = begin.duration(to: .now).milliseconds / 1000
    guard !after.isEmpty else { return nil }

    let rollup = contents(of: "/proc/\(pid)/smaps_rollup")
    guard let dirty = kilobytes("Private_Dirty:", in: rollup[...]), let resident = kilobytes("Rss:", in: rollup[...])
    else { return nil }
    // A thread that ended meanwhile can no longer be asked; one that began counts from zero.
    let count = after.reduce(0) { $0 + $1.value - (before[$1.key] ?? 0) }
    return IdleFacts(
      privateDirty: dirty, proportional: proportional(of: pid), resident: resident, threads: after.count,
      wakeUpsPerSecond: Double(count) / elapsed)
  }

  /// Voluntary and involuntary context switches by thread.
  private static func switches(of pid: pid_t) -> [String: Int] {
    var counts: [String: Int] = [:]
    for thread in names(in: "/proc/\(pid)/task") {
      let status = contents(of: "/proc/\(pid)/task/\(thread)/status")
      let numbers = status.split(separator: "\n").filter { $0.contains("ctxt_switches:") }
        .compactMap { $0.split(whereSeparator: { $0 == "\t" || $0 == " " }).last.flatMap { Int($0) } }
      if !numbers.isEmpty { counts[thread] = numbers.reduce(0, +) }
    }
    return counts
  }

  /// Proportional set size, with what only this benchmark shares counted in full.
  private static func proportional(of pid: pid_t) -> Int {
    let own = Set(mappings(in: contents(of: "/proc/self/smaps")).compactMap(\.file))
    return mappings(in: contents(of: "/proc/\(pid)/smaps")).reduce(0) { sum, mapping in
      let isShared = mapping.file.map { own.contains($0) } ?? false
      return sum + (isShared ? mapping.resident : mapping.proportional)
    }
  }

  /// One mapping of an address space.
  private struct Mapping {
    /// The file behind it; nil for anonymous memory.
    var file: Substring?
    /// Resident pages, kB.
    var resident = 0
    /// Their proportional share, kB.
    var proportional = 0
  }

  private static func mappings(in smaps: String) -> [Mapping] {
    var mappings: [Mapping] = []
    for line in smaps.split(separator: "\n") {
      let words = line.split(separator: " ", omittingEmptySubsequences: true)
      guard let first = words.first else { continue }
      if !first.hasSuffix(":") {
        mappings.append(Mapping(file: words.last.flatMap { $0.hasPrefix("/") ? $0 : nil }))
      } else if !mappings.isEmpty, words.count >= 2, let value = Int(words[1]) {
        if first == "Rss:" { mappings[mappings.count - 1].resident = value }
        if first == "Pss:" { mappings[mappings.count - 1].proportional = value }
      }
    }
    return mappings
  }

  private static func kilobytes(_ name: String, in text: Substring) -> Int? {
    for line in text.split(separator: "\n") where line.hasPrefix(name) {
      return line.dropFirst(name.count).split(separator: " ").first.flatMap { Int($0) }
    }
    return nil
  }
}

/// Sleeps; a signal does not cut it short.
func sleepUntil(_ end: ContinuousClock.Instant) {
  while true {
    let left = ContinuousClock.now.duration(to: end).milliseconds
    guard left > 0 else { return }
    poll(nil, 0, Int32(min(left.rounded(.up), 1000)))
  }
}
