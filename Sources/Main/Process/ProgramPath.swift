#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Where this program lies, so that a command which it suggests can be typed as it is printed.
enum ProgramPath {
  /// The path in a shell's words; the bare name where the system does not tell it.
  static var forShell: String { quoted(current ?? "retraind") }

  /// A word that a shell takes as it is.
  static func quoted(_ word: String) -> String {
    let plain = word.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "/._-+:@%,=".utf8.contains(byte)
      }
    }
    if plain, !word.isEmpty { return word }
    return "'\(word.replacing("'", with: #"'\''"#))'"
  }

  private static var current: String? {
    var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
    #if canImport(Darwin)
      var size = UInt32(bytes.count)
      guard _NSGetExecutablePath(&bytes, &size) == 0 else { return nil }
      let path = String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    #else
      let count = readlink("/proc/self/exe", &bytes, bytes.count)
      guard count > 0 else { return nil }
      let path = String(decoding: bytes.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    #endif
    // One that was replaced while it runs lies nowhere any more.
    return access(path, X_OK) == 0 ? path : nil
  }
}
