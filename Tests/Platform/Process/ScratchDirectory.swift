import Glibc
import Platform

/// A directory of a test's own. All of them are removed with everything in them at the end of the process, not with the
/// object: an optimised build lets go of that after its last use, while the test still works in the directory.
struct ScratchDirectory: Sendable {
  /// Directories to remove.
  private static let made = Guarded<[String]>([])

  /// Its absolute path.
  let path: String

  init() throws {
    var template = Array("/tmp/retraind-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw ScratchFailure() }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    self.path = path
    let isFirst = Self.made.withLock { made in
      made.append(path)
      return made.count == 1
    }
    if isFirst { atexit { ScratchDirectory.removeAllMade() } }
  }

  private static func removeAllMade() {
    for path in made.withLock({ $0 }) { removeAll(path) }
  }

  private static func removeAll(_ path: String) {
    guard remove(path) != 0, errno == ENOTEMPTY || errno == EEXIST, let directory = opendir(path) else { return }
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name != "." && name != ".." { removeAll("\(path)/\(name)") }
    }
    closedir(directory)
    remove(path)
  }

  /// A path inside.
  func file(_ name: String) -> String { "\(path)/\(name)" }

  /// A new file with this content.
  func make(_ name: String, _ text: String = "", mode: mode_t = 0o644) throws -> String {
    let number = open(file(name), O_WRONLY | O_CREAT | O_TRUNC, mode)
    guard number >= 0, write(number, text, text.utf8.count) == text.utf8.count else { throw ScratchFailure() }
    close(number)
    return file(name)
  }
}

/// A step of a test's own that did not work.
struct ScratchFailure: Error {}

/// What a file holds.
func contents(of path: String) throws -> String {
  let number = open(path, O_RDONLY)
  guard number >= 0 else { throw ScratchFailure() }
  defer { close(number) }
  var all: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65_536)
  while true {
    let count = read(number, &buffer, buffer.count)
    if count <= 0 { break }
    all.append(contentsOf: buffer.prefix(count))
  }
  return String(decoding: all, as: UTF8.self)
}

/// The permission bits of a path.
func permissions(of path: String) -> mode_t {
  var status = stat()
  return lstat(path, &status) == 0 ? status.st_mode & 0o777 : 0
}
