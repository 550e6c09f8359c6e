import Glibc
import Testing

@testable import Platform

@Suite(.timeLimit(.minutes(5))) struct JournalStreamTests {
  /// What a service manager would put into the environment for a descriptor.
  private func variable(_ descriptor: Int32) -> String {
    var information = stat()
    fstat(descriptor, &information)
    return "\(information.st_dev):\(information.st_ino)"
  }

  @Test(arguments: [
    "", ":", "1", "1:", ":1", "1:2:3", "-1:2", "+1:2", "0x1:2", "1: 2", "1:99999999999999999999", "a:b",
  ])
  func whatIsNoPairOfNumbersIsNoStream(text: String) {
    #expect(JournalStream(text) == nil)
    #expect(!JournalStream.isStandardError(["JOURNAL_STREAM": text]))
  }

  @Test func aSocketIsRecognisedAndAnotherOneIsNot() throws {
    var ends: [Int32] = [-1, -1]
    var others: [Int32] = [-1, -1]
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    try #require(pipe(&others) == 0)
    defer { for number in ends + others { close(number) } }
    let environment = ["JOURNAL_STREAM": variable(ends[0])]
    #expect(JournalStream.isStandardError(environment, descriptor: ends[0]))
    // A copy of the descriptor leads to the same stream; its other end and a pipe do not.
    let copy = dup(ends[0])
    defer { close(copy) }
    #expect(JournalStream.isStandardError(environment, descriptor: copy))
    #expect(!JournalStream.isStandardError(environment, descriptor: ends[1]))
    #expect(!JournalStream.isStandardError(environment, descriptor: others[1]))
    #expect(JournalStream.isStandardError(["JOURNAL_STREAM": variable(others[1])], descriptor: others[1]))
  }

  @Test func withoutTheVariableOrTheDescriptorThereIsNone() {
    #expect(!JournalStream.isStandardError([:]))
    #expect(!JournalStream.isStandardError(["JOURNAL_STREAM": "1:1"], descriptor: -1))
  }
}
