#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Everything in a file; empty where it cannot be read, as with a process that has just ended.
func contents(of path: String) -> String {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return "" }
  defer { close(descriptor) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 64 * 1024)
  while true {
    let count = read(descriptor, &chunk, chunk.count)
    guard count > 0 else { break }
    bytes += chunk[..<count]
  }
  return String(decoding: bytes, as: UTF8.self)
}

/// Writes a file anew; with `onlyIfThere`, does nothing where there is none.
func write(_ text: String, to path: String, onlyIfThere: Bool = false) throws(Failure) {
  if onlyIfThere, access(path, F_OK) != 0 { return }
  let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
  guard descriptor >= 0 else { throw Failure("cannot write \(path): \(errorText())") }
  defer { close(descriptor) }
  var rest = Array(text.utf8)[...]
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    guard count > 0 else { throw Failure("cannot write \(path): \(errorText())") }
    rest = rest.dropFirst(count)
  }
}

/// The names in a directory; empty where there is none.
func names(in directory: String) -> [String] {
  guard let stream = opendir(directory) else { return [] }
  defer { closedir(stream) }
  var names: [String] = []
  while let entry = readdir(stream) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
      pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != "." && name != ".." { names.append(name) }
  }
  return names
}

/// Size of a file in bytes.
func size(of path: String) -> Int {
  var status = stat()
  return stat(path, &status) == 0 ? Int(status.st_size) : 0
}

/// Makes a directory where there is none.
func makeDirectory(_ path: String) throws(Failure) {
  guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw Failure("cannot make \(path): \(errorText())") }
}

/// Removes a directory and everything in it; links are removed, not followed.
func removeTree(_ path: String) {
  for name in names(in: path) {
    let child = path + "/" + name
    if unlink(child) != 0 { removeTree(child) }
  }
  rmdir(path)
}

/// A new directory that only this user can enter.
func makeTemporaryDirectory() throws(Failure) -> String {
  var template = Array("/tmp/retraind-bench-XXXXXX".utf8CString)
  guard mkdtemp(&template) != nil else { throw Failure("cannot make a directory in /tmp: \(errorText())") }
  return template.withUnsafeBufferPointer { buffer in
    buffer.baseAddress.map { String(cString: $0) } ?? ""
  }
}

/// True where the file can be run or at least read.
func isExecutableOrReadable(_ path: String) -> Bool { access(path, X_OK) == 0 || access(path, R_OK) == 0 }

/// The directory that the process stands in.
func currentDirectory() -> String {
  guard let path = getcwd(nil, 0) else { return "." }
  defer { free(path) }
  return String(cString: path)
}

/// The last system error in words.
func errorText() -> String { String(cString: strerror(errno)) }
