// swift-tools-version: 6.2
import PackageDescription

/// What every Swift target of this package is compiled with.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "retraind",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "retraind", targets: ["Main"]),
    .library(name: "Supervision", targets: ["Supervision"]),
    .library(name: "SupervisionTesting", targets: ["SupervisionTesting"]),
    .library(name: "Actors", targets: ["Actors", "Rules", "Platform", "Journal", "Stores", "Ollama"]),
  ],
  targets: [
    // System libraries: header-only shims, and what the system ships.
    .systemLibrary(name: "CShims", path: "Sources/Actors/Platform/C/CShims"),
    .systemLibrary(
      name: "CCurl", path: "Sources/Actors/Platform/C/CCurl",
      providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]),
    .systemLibrary(
      name: "CSQLite", path: "Sources/Actors/Platform/C/CSQLite", pkgConfig: "sqlite3",
      providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite"])]),

    .target(name: "Supervision", path: "Sources/Supervisor", swiftSettings: settings),
    .target(
      name: "SupervisionTesting", dependencies: ["Supervision"], path: "Sources/SupervisorTesting",
      swiftSettings: settings),
    // Square roots and rounding are calls into libm, which nothing that Rules imports brings along on Linux.
    .target(
      name: "Rules", path: "Sources/Actors/Rules", swiftSettings: settings,
      linkerSettings: [.linkedLibrary("m", .when(platforms: [.linux]))]),
    .target(
      name: "Platform", dependencies: ["CShims", "CCurl", "CSQLite"], path: "Sources/Actors/Platform",
      exclude: ["C"], swiftSettings: settings),
    .target(
      name: "Journal", dependencies: ["Rules", "Platform"], path: "Sources/Actors/Journal", swiftSettings: settings),
    .target(
      name: "Stores", dependencies: ["Rules", "Platform", "Journal"], path: "Sources/Actors/Stores",
      swiftSettings: settings),
    .target(
      name: "Ollama", dependencies: ["Rules", "Platform"], path: "Sources/Actors/Ollama", swiftSettings: settings),
    .target(
      name: "Actors", dependencies: ["Supervision", "Rules", "Platform", "Journal", "Stores", "Ollama"],
      path: "Sources/Actors", exclude: ["Rules", "Platform", "Journal", "Stores", "Ollama"],
      swiftSettings: settings),
    .executableTarget(
      name: "Main", dependencies: ["Supervision", "Rules", "Platform", "Journal", "Stores", "Ollama", "Actors"],
      path: "Sources/Main", swiftSettings: settings),

    .executableTarget(
      name: "EmbeddedMonitor", dependencies: ["Actors"], path: "Examples/embedded", swiftSettings: settings),

    // Tests, what they share, and the stand-in servers that they talk to.
    .target(
      name: "TestSupport", dependencies: ["Supervision", "SupervisionTesting", "Platform"], path: "Tests/Support",
      swiftSettings: settings),
    .executableTarget(
      name: "ollama-stand-in", dependencies: ["CShims"], path: "Tests/StandIns/Ollama", exclude: ["Recordings"],
      swiftSettings: settings),
    .target(
      name: "PostgRESTStandIn", dependencies: ["Platform"], path: "Tests/StandIns/PostgREST", exclude: ["Recordings"],
      swiftSettings: settings),
    .testTarget(
      name: "SupervisionTests", dependencies: ["Supervision", "SupervisionTesting", "TestSupport"],
      path: "Tests/Supervision", swiftSettings: settings),
    .testTarget(
      name: "SupervisionTestingTests", dependencies: ["Supervision", "SupervisionTesting"],
      path: "Tests/SupervisionTesting", swiftSettings: settings),
    .testTarget(
      name: "ModelTests", dependencies: ["Supervision", "SupervisionTesting"], path: "Tests/Model",
      swiftSettings: settings),
    .testTarget(
      name: "OTPConformance", dependencies: ["Supervision", "SupervisionTesting"], path: "Tests/OTPConformance",
      swiftSettings: settings),
    .testTarget(
      name: "RealFaultTests", dependencies: ["Supervision", "SupervisionTesting", "Platform"],
      path: "Tests/RealFaults", swiftSettings: settings),
    .testTarget(
      name: "RulesTests", dependencies: ["Rules", "TestSupport"], path: "Tests/Rules", swiftSettings: settings),
    .testTarget(
      name: "PlatformTests", dependencies: ["Platform", "TestSupport", "CShims"], path: "Tests/Platform",
      swiftSettings: settings),
    .testTarget(
      name: "JournalTests", dependencies: ["Journal", "Rules", "Platform", "TestSupport"], path: "Tests/Journal",
      swiftSettings: settings),
    .testTarget(
      name: "StoresTests",
      dependencies: ["Stores", "Journal", "Rules", "Platform", "TestSupport", "PostgRESTStandIn"],
      path: "Tests/Stores", swiftSettings: settings),
    .testTarget(
      name: "OllamaTests", dependencies: ["Ollama", "Rules", "Platform", "TestSupport", "ollama-stand-in"],
      path: "Tests/Ollama", swiftSettings: settings),
    .testTarget(
      name: "ActorsTests",
      dependencies: [
        "Actors", "Supervision", "Rules", "Platform", "Journal", "Stores", "Ollama", "TestSupport", "EmbeddedMonitor",
        "PostgRESTStandIn",
        "CShims",
      ],
      path: "Tests/Actors", swiftSettings: settings),
    .testTarget(
      name: "SupervisionExampleTests", dependencies: ["Supervision"], path: "Tests/SupervisionExamples",
      swiftSettings: settings),
    .testTarget(
      name: "MainTests", dependencies: ["Main", "Actors", "Rules", "Platform", "Journal", "Stores", "TestSupport"],
      path: "Tests/Main", swiftSettings: settings),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "Main", "ollama-stand-in", "PostgRESTStandIn", "EmbeddedMonitor", "Platform", "Rules", "Journal", "Ollama",
        "TestSupport", "CShims",
      ],
      path: "Tests/EndToEnd", swiftSettings: settings),

    .executableTarget(
      name: "Benchmarks", dependencies: ["CSQLite", "PostgRESTStandIn"], path: "Benchmarks",
      exclude: ["Peers", "Probe"],
      swiftSettings: settings),
    .executableTarget(
      name: "SupervisionProbe", dependencies: ["Supervision"], path: "Benchmarks/Probe", swiftSettings: settings),
  ]
)
