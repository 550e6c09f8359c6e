#if canImport(CommonCrypto)
  internal import CommonCrypto
#elseif canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A system library for signatures that is missing or unfit; for people.
public struct CryptoFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is missing, and what to do.
  public var description: String

  /// Makes a failure.
  public init(_ description: String) { self.description = description }
}

/// HMAC with SHA-256, RFC 2104, by the system's own library: libcrypto, loaded at the first signature, or CommonCrypto.
public enum HMACSHA256 {
  /// Bytes of a code.
  public static let length = 32

  /// The code of a message.
  ///
  /// - Throws: `CryptoFailure` where the system has no such library.
  public static func code(of message: [UInt8], key: [UInt8]) throws(CryptoFailure) -> [UInt8] {
    var code = [UInt8](repeating: 0, count: length)
    #if canImport(CommonCrypto)
      CCHmac(CCHmacAlgorithm(kCCHmacAlgSHA256), key, key.count, message, message.count, &code)
    #else
      guard let size = Int32(exactly: key.count) else { throw CryptoFailure("the key of a signature is too long") }
      let library = try CryptoLibrary.shared().get()
      // An empty array may have no address, which the library would take for another meaning.
      let key = key.isEmpty ? [0] : key
      var written: UInt32 = 0
      guard library.hmac(library.sha256(), key, size, message, message.count, &code, &written) != nil,
        written == UInt32(length)
      else { throw CryptoFailure("libcrypto refuses to sign with HMAC-SHA256") }
    #endif
    return code
  }

  /// Whether two codes are the same, in a time that does not tell where they differ.
  public static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for index in left.indices { difference |= left[index] ^ right[index] }
    return difference == 0
  }
}

#if !canImport(CommonCrypto)
  /// libcrypto, loaded when it is first needed.
  ///
  /// Unchecked because raw pointers are not Sendable: these are constant addresses of functions.
  struct CryptoLibrary: @unchecked Sendable {
    /// `HMAC(3)`.
    typealias HMAC =
      @convention(c) (
        UnsafeRawPointer?, UnsafeRawPointer?, Int32, UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<UInt8>?,
        UnsafeMutablePointer<UInt32>?
      ) -> UnsafeMutablePointer<UInt8>?

    /// Names under which systems ship it, the first that loads wins.
    static let names = ["libcrypto.so.3", "libcrypto.so.1.1"]

    /// The library once it is loaded.
    private static let loaded = Guarded<CryptoLibrary?>(nil)

    /// `HMAC`.
    let hmac: HMAC
    /// `EVP_sha256`.
    let sha256: @convention(c) () -> UnsafeRawPointer?

    /// The library; what kept it from being loaded may be over the next time.
    static func shared() -> Result<CryptoLibrary, CryptoFailure> {
      loaded.withLock { loaded in
        if let loaded { return .success(loaded) }
        let result = load(names)
        loaded = try? result.get()
        return result
      }
    }

    /// Loads the first of some names that loads.
    static func load(_ names: [String]) -> Result<CryptoLibrary, CryptoFailure> {
      for name in names {
        guard let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) else { continue }
        guard let hmac = dlsym(handle, "HMAC"), let sha256 = dlsym(handle, "EVP_sha256") else {
          dlclose(handle)
          continue
        }
        return .success(
          CryptoLibrary(
            hmac: unsafeBitCast(hmac, to: HMAC.self),
            sha256: unsafeBitCast(sha256, to: (@convention(c) () -> UnsafeRawPointer?).self)))
      }
      return .failure(
        CryptoFailure(
          "libcrypto, which signs webhooks, is not installed; install OpenSSL's library (Debian, Ubuntu: apt install "
            + "libssl3; Fedora: dnf install openssl-libs; Alpine: apk add libcrypto3)"))
    }
  }
#endif
