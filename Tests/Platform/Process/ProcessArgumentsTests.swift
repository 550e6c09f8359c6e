import Testing

@testable import Platform

@Suite(.timeLimit(.minutes(5))) struct ProcessArgumentsTests {
  @Test func wordsEndWithAZero() {
    #expect(ProcessArguments.words(in: Array("retraind\0run\0--model\0\0".utf8)) == ["retraind", "run", "--model", ""])
    #expect(ProcessArguments.words(in: Array("retraind\0".utf8)) == ["retraind"])
    #expect(ProcessArguments.words(in: []).isEmpty)
  }

  @Test func whatSwiftDoesNotFindTheKernelKnows() {
    let words = Array(CommandLine.arguments.dropFirst())
    #expect(ProcessArguments.current(CommandLine.arguments) == words)
    #if os(Linux)
      #expect(ProcessArguments.current([]) == words)
    #endif
  }
}
