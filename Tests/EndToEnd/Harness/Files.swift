import Glibc

/// Plain work with files.
enum Files {
  /// What a file holds; empty where there is none.
  static func text(_ path: String) -> String { String(decoding: bytes(path), as: UTF8.self) }

  /// The bytes of a file; none where there is none.
  static func bytes(_ path: String) -> [UInt8] {
    let number = open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { return [] }
    defer { close(number) }
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(number, &buffer, buffer.count)
      guard count > 0 else { break }
      all.append(contentsOf: buffer.prefix(count))
    }
    return all
  }

  /// The complete lines of a file.
  static func lines(_ path: String) -> [Substring] {
    let text = text(path)
    guard let end = text.lastIndex(of: "\n") else { return [] }
    return text[..<end].split(separator: "\n")
  }

  /// Writes a file in one go, so that nobody reads half of it.
  static func write(_ text: String, to path: String) throws { try write(bytes: Array(text.utf8), to: path) }

  /// Writes a file in one go.
  static func write(bytes: [UInt8], to path: String) throws {
    let draft = "\(path).draft"
    let number = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard number >= 0 else { throw HarnessFailure("\(draft) cannot be written: \(errno)") }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
      guard count > 0 else { throw HarnessFailure("\(draft) cannot be written: \(errno)") }
      rest = rest.dropFirst(count)
    }
    close(number)
    guard rename(draft, path) == 0 else { throw HarnessFailure("\(path) cannot be replaced: \(errno)") }
  }

  /// Whether there is something at a path.
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Names in a directory.
  static func names(in path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// Removes a directory with everything in it.
  static func removeAll(_ path: String) {
    guard remove(path) != 0, errno == ENOTEMPTY || errno == EEXIST else { return }
    for name in names(in: path) { removeAll("\(path)/\(name)") }
    remove(path)
  }
}
