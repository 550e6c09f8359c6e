import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// That nothing here is a name only: each case has a test, and each test a mutant that it kills.
@Suite("cases", .timeLimit(.minutes(5))) struct CaseTests {
  /// A test as it stands in the source.
  struct Written {
    /// Its names: what stands before the colon, or the names of its arguments.
    let names: [String]
    /// The mutants that its comment names.
    let mutants: [String]
  }

  @Test("each case has a test of its name, and each name of that form is a case")
  func complete() throws {
    let written = Set(try Self.tests().flatMap(\.names))
    #expect(written.count > 100)
    for each in Case.all {
      #expect(written.contains(each.name) == (each.kind != Case.Kind.meaningless), "\(each.name)")
    }
    let known = Set(Case.all.map(\.name))
    #expect(known.count == Case.all.count)
    let strangers = written.filter { name in
      name.contains("_") && name.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "_" } && !known.contains(name)
    }
    // Of tokio-graceful-shutdown.
    #expect(
      strangers == [
        "spawning_task_during_shutdown_causes_task_to_be_cancelled", "double_panic_does_not_stop_graceful_shutdown",
        "shutdown_triggers_if_all_tasks_ended", "shutdown_triggers_if_no_task_exists", "partial_shutdown",
      ])
  }

  @Test("each test names a mutant, and each mutant is there", .enabled(if: !patches.isEmpty))
  func mutants() throws {
    for test in try Self.tests() {
      #expect(!test.mutants.isEmpty, "\(test.names)")
      for mutant in test.mutants { #expect(Self.patches.contains(mutant), "\(test.names): \(mutant)") }
    }
  }

  /// The folder of this file.
  static let folder = #filePath.split(separator: "/").dropLast().map { "/\($0)" }.joined()

  /// The mutants that there are; none where the tests were copied without them.
  static let patches = Set(entries(of: folder + "/../Mutants", ending: ".patch"))

  /// The tests of this target, but for those here.
  static func tests() throws -> [Written] {
    try entries(of: folder, ending: ".swift").filter { $0 != "CaseTests" }.sorted().flatMap { name in
      written(in: try text(of: "\(folder)/\(name).swift"))
    }
  }

  /// The tests of a source.
  static func written(in source: String) -> [Written] {
    var tests: [Written] = []
    var comment: [Substring] = []
    // The names of arguments that are cases stand in the same file, as those of the test that takes them.
    let arguments = source.matches(of: #/Case\(name: "(\w+)"/#).map { String($0.1) }
    let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
    for (number, line) in lines.enumerated() {
      let text = line.drop { $0 == " " }
      if text.hasPrefix("///") {
        comment.append(text.dropFirst(3))
      } else if text.hasPrefix("@Test") {
        let title =
          ([text] + lines.dropFirst(number + 1).prefix(1)).joined(separator: " ")
          .firstMatch(of: #/"([^"]*)"/#)?.1 ?? ""
        let before = title.split(separator: ":").first ?? title
        var names = before.split(separator: ",").map { String($0.drop { $0 == " " }) }
        if names == ["restart type and end"] || names == ["significant_upgrade"] { names = arguments }
        let mutants = comment.joined(separator: " ").firstMatch(of: #/Mutants?: ([^.]*)\./#)?.1 ?? ""
        tests.append(
          Written(
            names: names,
            mutants: mutants.split(whereSeparator: { $0 == "," || $0 == " " }).map { String($0) }))
        comment = []
      } else {
        comment = []
      }
    }
    return tests
  }

  /// The names in a folder that end so, without that; none where there is no such folder.
  private static func entries(of folder: String, ending: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) {
          String(cString: $0)
        }
      }
      if name.hasSuffix(ending) { names.append(String(name.dropLast(ending.count))) }
    }
    return names
  }

  /// The text of a file.
  private static func text(of path: String) throws -> String {
    let file = try #require(fopen(path, "r"), "\(path)")
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = fread(&buffer, 1, buffer.count, file)
      guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
      bytes += buffer.prefix(count)
    }
  }
}
