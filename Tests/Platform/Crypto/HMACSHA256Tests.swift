import Testing

@testable import Platform

/// Codes as RFC 4231 has them, and what happens without a library.
@Suite("HMAC-SHA256", .timeLimit(.minutes(5)))
struct HMACSHA256Tests {
  /// Key, data and code of the cases 1 to 4, 6 and 7.
  static let cases: [(key: [UInt8], data: [UInt8], code: String)] = [
    (
      [UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8),
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    ),
    (
      Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    ),
    (
      [UInt8](repeating: 0xaa, count: 20), [UInt8](repeating: 0xdd, count: 50),
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
    ),
    (
      [UInt8](1...25), [UInt8](repeating: 0xcd, count: 50),
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
    ),
    (
      [UInt8](repeating: 0xaa, count: 131), Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    ),
    (
      [UInt8](repeating: 0xaa, count: 131),
      Array(
        ("This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
          + "hashed before being used by the HMAC algorithm.").utf8),
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
    ),
  ]

  @Test("the vectors of RFC 4231", arguments: cases.indices)
  func vectors(index: Int) throws {
    let vector = Self.cases[index]
    let code = try HMACSHA256.code(of: vector.data, key: vector.key)
    #expect(code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == vector.code)
  }

  @Test("an empty key and an empty message have a code")
  func empty() throws {
    let code = try HMACSHA256.code(of: [], key: [])
    #expect(
      code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
  }

  #if !canImport(CommonCrypto)
    @Test("where there is no library, the failure says what to install")
    func missing() {
      guard case .failure(let failure) = CryptoLibrary.load(["libno-such-thing.so.9"]) else {
        Issue.record("a library that does not exist was loaded")
        return
      }
      #expect(failure.description.contains("apt install libssl3"))
    }

    @Test("a library without the functions is none")
    func unfit() {
      guard case .failure = CryptoLibrary.load(["libc.so.6"]) else {
        Issue.record("the C library was taken for libcrypto")
        return
      }
    }
  #endif

  @Test("codes are compared whole")
  func comparison() {
    #expect(HMACSHA256.isEqual([1, 2, 3], [1, 2, 3]))
    #expect(!HMACSHA256.isEqual([1, 2, 3], [1, 2, 4]))
    #expect(!HMACSHA256.isEqual([0, 2, 3], [1, 2, 3]))
    #expect(!HMACSHA256.isEqual([1, 2], [1, 2, 3]))
  }

  @Test(
    "base64 there and back",
    arguments: [
      ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
      ("foobar", "Zm9vYmFy"),
    ])
  func base64(plain: String, text: String) {
    #expect(Base64.encode(Array(plain.utf8)) == text)
    #expect(Base64.decode(text) == Array(plain.utf8))
    #expect(Base64.decode(text.filter { $0 != "=" }) == Array(plain.utf8))
  }

  @Test("every byte in every place comes back")
  func everyByte() {
    for byte in UInt8.min...UInt8.max {
      for count in 1...3 {
        let bytes = [UInt8](repeating: byte, count: count)
        #expect(Base64.decode(Base64.encode(bytes)) == bytes)
      }
    }
  }

  @Test("what is no base64", arguments: ["Z", "Zg=", "Zg===", "Zm9v Yg==", "Zh==", "Zm9=", "====", "Zm9vÄ", "Zm-_"])
  func noBase64(text: String) { #expect(Base64.decode(text) == nil) }
}
