"""Samples for `Scripts/house-rules --self-test`: what each rule must catch, and what it must leave alone."""

import os

# Halves, so that the samples themselves break no rule.
MARK = "TO" + "DO"
HOUSE = "/" + "work"
GNU = "#define " + "_GNU" + "_SOURCE"

# rule, path, text, line that the rule must name.
BAD = [
    ("layers", "Sources/Actors/Rules/A.swift", "import Glibc\n", 1),
    ("layers", "Sources/Actors/Rules/A.swift", "\npublic import Platform\n", 2),
    ("layers", "Sources/Actors/Rules/A.swift", "internal import FoundationEssentials\n", 1),
    ("layers", "Sources/Supervisor/A.swift", "import Dispatch\n", 1),
    ("layers", "Sources/Supervisor/A.swift", "@preconcurrency import Dispatch\n", 1),
    ("layers", "Sources/Supervisor/A.swift", "#if canImport(FoundationEssentials)\nimport FoundationEssentials\n#endif\n", 2),
    ("layers", "Sources/Supervisor/A.swift", "import Rules\n", 1),
    ("layers", "Sources/Actors/Ollama/A.swift", "import Journal\n", 1),
    ("layers", "Sources/Actors/Monitor/A.swift", "import Main\n", 1),
    ("foundation", "Sources/Main/A.swift", "import Foundation\n", 1),
    ("foundation", "Sources/Main/A.swift", "import struct Foundation.Data\n", 1),
    ("foundation", "Sources/Main/A.swift", "import FoundationNetworking\n", 1),
    ("foundation", "Sources/Main/A.swift", "#if canImport(FoundationEssentials)\nimport Foundation\n#endif\n", 2),
    ("foundation", "Sources/Main/A.swift", "#if os(Linux)\n#else\nimport Foundation\n#endif\n", 3),
    ("icu", "Sources/Main/A.swift", 'let a = String(format: "%d", 1)\n', 1),
    ("icu", "Sources/Main/A.swift", "let a = Process()\n", 1),
    ("icu", "Sources/Main/A.swift", "let a = JSONSerialization.self\n", 1),
    ("icu", "Sources/Main/A.swift", "let a = DateFormatter.self\n", 1),
    ("icu", "Sources/Main/A.swift", "let a = ISO8601DateFormatter.self\n", 1),
    ("icu", "Sources/Main/A.swift", "let a = FileHandle.standardError\n", 1),
    ("icu", "Sources/Main/A.swift", "let a = NotificationCenter.default\n", 1),
    ("environment", "Sources/Actors/Platform/A.swift", "let a = CommandLine.arguments\n", 1),
    ("environment", "Sources/Actors/Platform/A.swift", "let a = ProcessInfo.processInfo\n", 1),
    ("environment", "Sources/Actors/Platform/A.swift", 'let a = getenv("HOME")\n', 1),
    ("environment", "Sources/Supervisor/A.swift", "func f() { exit(70) }\n", 1),
    ("environment", "Sources/Supervisor/A.swift", "func f() { Glibc.exit(70) }\n", 1),
    ("environment", "Sources/Actors/Platform/A.swift", "let a = environ\n", 1),
    ("stdout", "Sources/Actors/Monitor/A.swift", 'func f() { print("x") }\n', 1),
    ("traps", "Sources/Main/A.swift", "let a = try! f()\n", 1),
    ("traps", "Tests/Main/A.swift", "let a = b as! Int\n", 1),
    ("traps", "Sources/Main/A.swift", "func f() -> Never { fatalError() }\n", 1),
    ("unchecked", "Sources/Main/A.swift", "final class A: @unchecked Sendable {}\n", 1),
    ("unchecked", "Sources/Main/A.swift", "// A counter.\nnonisolated(unsafe) var a = 1\n", 2),
    ("unchecked", "Sources/Main/A.swift", "// Protected by the lock.\n\n\n\n\nnonisolated(unsafe) var a = 1\n", 6),
    ("packages", "Package.swift", 'let a = [\n  .package(url: "https://x", from: "1.0.0")\n]\n', 2),
    ("sleeping-test", "Tests/Main/A.swift", "try await Task.sleep(for: .seconds(1))\n", 1),
    ("sleeping-test", "Tests/Main/A.swift", "usleep(10)\n", 1),
    ("sleeping-test", "Tests/Main/A.swift", "sleep(1)\n", 1),
    ("sleeping-test", "Tests/Main/A.swift", "Thread.sleep(forTimeInterval: 1)\n", 1),
    ("sleeping-test", "Tests/Main/A.swift", "try await ContinuousClock().sleep(for: .seconds(1))\n", 1),
    ("yielding-test", "Tests/Main/A.swift", "while !isThere { await Task.yield() }\n", 1),
    ("yielding-test", "Tests/Support/A.swift", "\nawait Task<Never, Never>.yield()\n", 2),
    ("yielding-test", "Tests/Main/A.swift", "for _ in 0..<10 { sched_yield() }\n", 1),
    ("vacuous-test", "Tests/Main/A.swift", "#expect(true)\n", 1),
    ("vacuous-test", "Tests/Main/A.swift", "#expect(Bool(true))\n", 1),
    ("markers", "Sources/Main/A.swift", f"let a = 1  // {MARK} later\n", 1),
    ("markers", "Docs/a.md", f"First.\n{MARK}: second.\n", 2),
    ("named-tests", "Docs/a.md", "First.\n`ATests.b`\n", 2),
    ("length", "Sources/Main/A.swift", "// x\n" * 501, 501),
    ("names", "Sources/Main/StringUtils.swift", "let a = 1\n", 1),
    ("names", "Sources/Main/A.swift", "struct PullManager {}\n", 1),
    ("names", "Sources/Main/A.swift", "enum PathHelpers {}\n", 1),
    ("gnu-source", "Sources/Actors/Platform/C/CShims/a.h", f"{GNU} 1\n", 1),
    ("paths", "Scripts/a.sh", f"cd {HOUSE}/main\n", 1),
    ("paths", "Sources/Main/A.swift", f'let a = "{HOUSE}/x"\n', 1),
    ("conflict", "Docs/a.md", "a\n<<<<<<< HEAD\n", 2),
    ("allow", "Sources/Main/A.swift", "// house-rules: allow traps\nlet a = 1\n", 1),
    ("allow", "Sources/Main/A.swift", "// house-rules: allow nothing-like-it: because it is so\nlet a = 1\n", 1),
]

# path, text: no rule may fire.
GOOD = [
    ("Docs/a.md", "`a.b`, `Tests` and `.c`\n"),
    ("Sources/Actors/Rules/A.swift", "import Swift\npublic struct A {}\n"),
    ("Sources/Supervisor/A.swift", "import Synchronization\n/// Not Dispatch: import Dispatch is refused.\nstruct A {}\n"),
    ("Sources/Main/A.swift", "#if canImport(FoundationEssentials)\nimport FoundationEssentials\n#else\nimport Foundation\n#endif\n"),
    ("Sources/Main/A.swift", 'let a = getenv("HOME")\nprint(CommandLine.arguments)\nexit(0)\n'),
    ("Sources/Main/A.swift", 'let help = """\n  calls fatalError( and try! on FileHandle\n  """\n'),
    ("Sources/Actors/Platform/A.swift", 'let a = "exit(70) \\(b("ProcessInfo")) getenv" + #"print("x")"#\n'),
    ("Sources/Actors/Platform/A.swift", "enum E { case exit(Int) }\nlet a = child.exit(1)\n/* exit(1) /* print(1) */ */\n"),
    ("Sources/Actors/Platform/A.swift", "/// Protected by `lock`.\nfinal class A: @unchecked Sendable {}\n"),
    ("Sources/Actors/Platform/A.swift", "// Only the store's own thread touches it.\nnonisolated(unsafe) var a = 1\n"),
    ("Sources/Main/A.swift", "// house-rules: allow traps: the samples of the self-test need one\nlet a = try! f()\n"),
    ("Sources/Main/A.swift", "let a = FileManager.default\nlet b = mkdtemp(\"retraind-XXXXXX\")\n"),
    ("Tests/Main/A.swift", "try await clock.sleep(for: .seconds(1))\n#expect(isTrue)\n// Task.sleep is not used here\n"),
    ("Tests/StandIns/Ollama/A.swift", "usleep(10)\nsched_yield()\n"),
    ("Tests/Main/A.swift", "stream.yield(1)\nsaid.yield()\n// Task.yield() waits for nothing\n"),
    ("Tests/Main/A.swift", "// house-rules: allow yielding-test: nothing is waited for here\nawait Task.yield()\n"),
    ("Sources/Main/A.swift", "await Task.yield()\n"),
    ("Tests/Support/A.swift", "func sleep(until: Int) {}\n"),
    ("Sources/Main/A.swift", "guard try !isEmpty(), let b = c as? Int else { return }\n"),
    ("Sources/Main/A.swift", "/// Unchecked because raw pointers are not Sendable.\nstruct A: @unchecked Sendable {}\n"),
    ("Docs/a.md", "See https://example.com/work/x and ./work/x.\n"),
    ("Package.swift", "// .package( is not used\nlet a = 1\n"),
    ("Sources/Main/A.swift", "// x\n" * 500),
]


def run(check, rules, tempfile):
    """Runs every sample; 0 where each did as it should, 1 otherwise."""
    failures = []

    def findings(path, text):
        with tempfile.TemporaryDirectory() as root:
            file = os.path.join(root, path)
            os.makedirs(os.path.dirname(file), exist_ok=True)
            with open(file, "w", encoding="utf-8") as out:
                out.write(text)
            return check(root).errors

    for rule, path, text, line in BAD:
        found = findings(path, text)
        if (path, line, rule) not in [(p, n, r) for p, n, r, _ in found]:
            failures.append(f"{rule} did not fire at {path}:{line} on {text[:70]!r}; found {found}")
    for path, text in GOOD:
        if found := findings(path, text):
            failures.append(f"fired on a good sample: {found} on {text[:70]!r}")
    for rule in sorted(set(rules) - {sample[0] for sample in BAD}):
        failures.append(f"{rule} has no bad sample")

    for failure in failures:
        print(f"house-rules: self-test: {failure}")
    print(f"house-rules: self-test: {len(BAD)} bad and {len(GOOD)} good samples, {len(failures)} failures")
    return 1 if failures else 0
