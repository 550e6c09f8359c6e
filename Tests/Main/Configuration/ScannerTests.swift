import Testing

@testable import Main

@Suite("JSON5 scanner", .timeLimit(.minutes(5)))
struct ScannerTests {
  /// A tree without positions, as short text.
  static func show(_ node: ConfigNode) -> String {
    switch node.value {
    case .null: "null"
    case .bool(let flag): "\(flag)"
    case .number(let number): number.whole.map { "\($0)" } ?? "\(number.value)"
    case .string(let text): "<\(text)>"
    case .array(let nodes): "[" + nodes.map(show).joined(separator: " ") + "]"
    case .object(let entries): "{" + entries.map { "\($0.key)=\(show($0.value))" }.joined(separator: " ") + "}"
    }
  }

  static func scan(_ text: String) throws -> ConfigNode {
    try JSON5Scanner.scan(Array(text.utf8), file: "f").root
  }

  static func message(_ bytes: [UInt8]) -> String {
    do throws(ConfigErrors) {
      _ = try JSON5Scanner.scan(bytes, file: "f")
      return "no error"
    } catch {
      return error.description
    }
  }

  @Test(
    "reads every form of JSON5",
    arguments: [
      ("{}", "{}"),
      ("[]", "[]"),
      (" \u{FEFF}\u{A0}\u{2003}\t\u{0B}\u{0C}{ }\n", "{}"),
      ("\u{FEFF}{a:1}", "{a=1}"),
      ("// c\n{a:1,/* b\n * */b:2,}// end", "{a=1 b=2}"),
      ("{a:1} // the end without a line", "{a=1}"),
      ("/***/{a:/**/1}", "{a=1}"),
      ("{\"a\":1,'b':2,c$_1:3,\\u0064\\u0065:4}", "{a=1 b=2 c$_1=3 de=4}"),
      ("{ключ:1,日本:2,\u{E4}\u{308}:3}", "{ключ=1 日本=2 \u{E4}\u{308}=3}"),
      ("{true:1,null:2,Infinity:3}", "{true=1 null=2 Infinity=3}"),
      ("[1,2,]", "[1 2]"),
      ("['a\"b',\"a'b\"]", "[<a\"b> <a'b>]"),
      ("['\\n\\t\\\\\\'\\\"\\/\\a\\x41\\u00e4\\0']", "[<\n\t\\'\"/aA\u{E4}\0>]"),
      ("['\\uD83D\\uDE00']", "[<😀>]"),
      ("['a\\\nb','a\\\r\nb','a\\\u{2028}b']", "[<ab> <ab> <ab>]"),
      ("['a\u{2028}b']", "[<a\u{2028}b>]"),
      ("[0,-0,+1,0x1F,-0xff,.5,5.,1e3,1.5E-2,-.5e+1]", "[0 0 1 31 -255 0.5 5 1000 0.015 -5]"),
      ("[9223372036854775807]", "[9223372036854775807]"),
      ("[Infinity,-Infinity,+Infinity,NaN,-NaN]", "[inf -inf inf nan nan]"),
      ("[1e999]", "[inf]"),
      ("[true,false,null]", "[true false null]"),
      ("{a:{b:[{c:1}]}}", "{a={b=[{c=1}]}}"),
    ])
  func valid(text: String, expected: String) throws {
    #expect(Self.show(try Self.scan(text)) == expected)
  }

  @Test(
    "says where and why a text is no JSON5",
    arguments: [
      ("", "f:1:1: the file is empty; write {} to take every default, or remove it"),
      ("  // only\n", "f:2:1: the file is empty; write {} to take every default, or remove it"),
      ("{", "f:1:2: the file ends where a key or '}' should stand; the { at 1:1 is still open"),
      ("{a", "f:1:3: the file ends where ':' after the key a should stand; the { at 1:1 is still open"),
      ("{a:", "f:1:4: the file ends where a value should stand"),
      ("{a:1", "f:1:5: the file ends where ',' or '}' should stand; the { at 1:1 is still open"),
      ("{a:1\n b:2}", "f:2:2: expected ',' or '}', found 'b'; a comma may be missing before this"),
      ("{a=1}", "f:1:3: expected ':' after the key a, found '='; a key and its value are separated by ':'"),
      ("{a:1;b:2}", "f:1:5: expected ',' or '}', found ';'; values are separated by ','"),
      ("{,}", "f:1:2: expected a key or '}', found ','"),
      ("{a:1,,}", "f:1:6: expected a key or '}', found ','"),
      ("[1,,2]", "f:1:4: expected a value, found ','"),
      ("{a:[1}", "f:1:6: expected ',' or ']', found '}'; the [ at 1:4 is still open"),
      (
        "{} {}",
        "f:1:4: '{' stands after the end of the configuration; remove it, or look for a brace that closes too early"
      ),
      ("# c\n{}", "f:1:1: # begins no comment in JSON5; write // instead"),
      ("{a:1, # c\n}", "f:1:7: # begins no comment in JSON5; write // instead"),
      ("{}/* x", "f:1:3: this comment is never closed; close it with */"),
      (
        "// mine\nthreshold: 0.6",
        "f:2:1: a key stands outside of braces; the file is one object: write { before the first key and } behind the last value"
      ),
      (
        "'threshold' = 0.6",
        "f:1:1: a key stands outside of braces; the file is one object: write { before the first key and } behind the last value"
      ),
      ("/", "f:1:1: expected a value, found '/'"),
      ("['a\n']", "f:1:2: this text is not closed on its line; close it with its quote"),
      ("['a", "f:1:2: this text is never closed; close it with its quote"),
      ("['\\", "f:1:3: the file ends within an escape"),
      ("['\\u12']", "f:1:3: this escape needs 4 hexadecimal digits"),
      ("['\\x1']", "f:1:3: this escape needs 2 hexadecimal digits"),
      ("['\\uD83D']", "f:1:3: this escape is half of a pair; write both halves: \\uD83D\\uDE00"),
      ("['\\uDE00']", "f:1:3: this escape is half of a pair; write both halves: \\uD83D\\uDE00"),
      ("['\\uD83D\\u0041']", "f:1:3: this escape is half of a pair; write both halves: \\uD83D\\uDE00"),
      ("['\\1']", "f:1:3: \\1 is no escape; write \\\\ for a backslash"),
      ("{a\\x41:1}", "f:1:3: a key without quotes knows only \\uXXXX; quote the key"),
      ("{\\u0020:1}", "f:1:2: ' ' cannot stand in a key without quotes; quote the key"),
      ("{a-b:1}", "f:1:3: expected ':' after the key a, found '-'"),
      ("{a:60m}", "f:1:4: 60m is not a number; durations stand in quotes: \"60m\""),
      ("{a:1.5h}", "f:1:4: 1.5h is not a number; durations stand in quotes: \"1.5h\""),
      ("[012]", "f:1:2: 012 begins with 0; write it without leading zeros"),
      ("[1e]", "f:1:2: 1e is not a number"),
      ("[0x]", "f:1:2: 0x is not a number"),
      ("[0xZ]", "f:1:2: 0xZ is not a number"),
      ("[.]", "f:1:2: . is not a number"),
      ("[+]", "f:1:2: + is not a number"),
      ("[-foo]", "f:1:2: -foo is not a number"),
      ("[1.2.3]", "f:1:2: 1.2.3 is not a number"),
      ("[1_000]", "f:1:2: 1_000 is not a number"),
      ("{a:True}", "f:1:4: True is not a value; write true"),
      ("{a:off}", "f:1:4: off is not a value; write false"),
      ("{a:None}", "f:1:4: None is not a value; write null"),
      ("{a:mean}", "f:1:4: mean is not a value; text stands in quotes: \"mean\""),
      ("\u{1}", "f:1:1: expected a value, found U+0001"),
      ("{a:1,\r\n\r\rb}", "f:4:2: expected ':' after the key b, found '}'; the { at 1:1 is still open"),
      ("{\u{2028}\u{2029} ]", "f:3:2: expected a key or '}', found ']'; the { at 1:1 is still open"),
    ])
  func invalid(text: String, expected: String) {
    #expect(Self.message(Array(text.utf8)) == expected)
  }

  @Test("refuses what is no UTF-8 at its place")
  func encoding() {
    #expect(Self.message([0x7B, 0x0A, 0x20, 0xFF, 0x7D]) == "f:2:2: this is not UTF-8; save the file as UTF-8")
    #expect(Self.message([0xFF, 0xFE, 0x7B, 0x00]) == "f:1:1: the file is UTF-16; save it as UTF-8")
    #expect(Self.message([0x7B, 0xC3]) == "f:1:2: this is not UTF-8; save the file as UTF-8")
  }

  @Test("a key that stands twice names both places")
  func duplicates() throws {
    let text = "{\n  a: 1,\n  b: { c: 1, 'c': 2, c: 3 },\n  \\u0061: 2 }"
    let (root, duplicates) = try JSON5Scanner.scan(Array(text.utf8), file: "f")
    #expect(Self.show(root) == "{a=1 b={c=1}}")
    #expect(
      duplicates.description == """
        f:3:14: b.c: this key stands twice: at 3:8 and at 3:14; remove one of them
        f:3:22: b.c: this key stands twice: at 3:8 and at 3:22; remove one of them
        f:4:3: a: this key stands twice: at 2:3 and at 4:3; remove one of them
        """)
  }

  @Test("keys and values know their places")
  func positions() throws {
    let root = try Self.scan("{\n  ключ: 'x',\r\n\tb: /* c */ [\n    1] }")
    guard case .object(let entries) = root.value, case .array(let items) = entries[1].value.value else {
      Issue.record("not the tree that was written")
      return
    }
    #expect(root.position == SourcePosition(line: 1, column: 1))
    #expect(entries[0].keyPosition == SourcePosition(line: 2, column: 3))
    #expect(entries[0].value.position == SourcePosition(line: 2, column: 9))
    #expect(entries[1].keyPosition == SourcePosition(line: 3, column: 2))
    #expect(entries[1].value.position == SourcePosition(line: 3, column: 13))
    #expect(items[0].position == SourcePosition(line: 4, column: 5))
  }

  @Test("bounds hold exactly")
  func bounds() throws {
    func nested(_ levels: Int) -> String {
      String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
    }
    _ = try Self.scan(nested(JSON5Scanner.maximumDepth))
    #expect(Self.message(Array(nested(65).utf8)) == "f:1:65: more than 64 levels stand within each other")
    #expect(Self.message(Array(nested(100_000).utf8)) == "f:1:65: more than 64 levels stand within each other")

    let longest = String(repeating: "x", count: JSON5Scanner.maximumStringLength)
    _ = try Self.scan("['\(longest)']")
    #expect(Self.message(Array("['\(longest)x']".utf8)) == "f:1:2: this text has more than 65536 characters")
    #expect(Self.message(Array("{\(longest)x:1}".utf8)) == "f:1:2: this word has more than 65536 characters")

    let digits = String(repeating: "1", count: JSON5Scanner.maximumNumberLength)
    _ = try Self.scan("[\(digits)]")
    #expect(Self.message(Array("[\(digits)1]".utf8)) == "f:1:2: this number has more than 128 characters")

    let spaces = [UInt8](repeating: 0x20, count: JSON5Scanner.maximumSize - 2)
    _ = try JSON5Scanner.scan(spaces + Array("{}".utf8), file: "f")
    #expect(Self.message(spaces + Array("{} ".utf8)) == "f:1:1: the file has more than 1048576 bytes")
  }
}
