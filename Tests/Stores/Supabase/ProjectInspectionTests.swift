import Platform
import PostgRESTStandIn
import Testing

@testable import Stores

@Suite("A look at a project's tables", .timeLimit(.minutes(5)))
struct ProjectInspectionTests {
  private func look(
    _ change: @Sendable (inout StandInPlay) -> Void = { _ in }, key: String = StandInProject.secretKey
  ) async -> (tables: [ProjectInspection.Table], transport: StandInTransport) {
    let (report, transport) = await report(change, key: key)
    return (report.tables, transport)
  }

  private func report(
    _ change: @Sendable (inout StandInPlay) -> Void = { _ in }, key: String = StandInProject.secretKey
  ) async -> (ProjectInspection.Report, StandInTransport) {
    let transport = StandInTransport()
    transport.with { change(&$0) }
    let report = await ProjectInspection.look(
      SupabaseEndpoint(url: "http://stand-in", key: key), transport: transport, timeouts: HTTPTimeouts())
    return (report, transport)
  }

  @Test("a PostgREST without /rest/v1 is looked at as any other, and the report says where tables are")
  func bare() async {
    let (report, transport) = await report { $0.project.isBare = true }
    #expect(report.base == "http://stand-in")
    #expect(report.isBare)
    #expect(report.tables.allSatisfy { if case .readable = $0.state { true } else { false } })
    // One request more for each that was on its way.
    #expect(transport.with { $0.calls.count { $0.target.hasPrefix("/rest/v1/") } } <= 3)
    let (gateway, _) = await self.report()
    #expect(gateway.base == "http://stand-in/rest/v1")
    #expect(!gateway.isBare)
  }

  @Test("tables with and without rows, as the replaced system has them: what they lack, by reading alone")
  func columns() async {
    let (tables, transport) = await look {
      $0.project.tables["learning_stats"]?.rows = [["id": .text("a"), "accept_rate": .number("0.5")]]
    }
    #expect(tables.map(\.name) == ["learning_stats", "system_events", "learning_events"])
    #expect(tables[0].state == .readable(isEmpty: false, missing: ["model", "model_version"]))
    #expect(tables[1].state == .readable(isEmpty: true, missing: []))
    #expect(tables[2].state == .readable(isEmpty: true, missing: []))
    #expect(transport.names.allSatisfy { $0.hasPrefix("GET ") })
  }

  @Test("a table without rows names one column with each refusal")
  func emptyAndNarrow() async {
    let (tables, _) = await look { $0.project.tables["system_events"] = StandInTable(["event_type", "notes"]) }
    #expect(tables[1].state == .readable(isEmpty: true, missing: ["id", "timestamp", "metadata"]))
  }

  @Test("tables that are missing or denied, and a key that is not accepted")
  func refusals() async {
    let (tables, _) = await look {
      $0.project.tables["learning_stats"] = nil
      $0.project.tables["system_events"]?.isGranted = false
    }
    guard case .missing(let why) = tables[0].state, case .denied(_, let remedy) = tables[1].state else {
      Issue.record("\(tables)")
      return
    }
    #expect(why.contains("PGRST205"))
    #expect(remedy == "GRANT SELECT, INSERT ON public.system_events TO service_role;")
    for table in await look(key: "sb_secret_of-another").tables {
      guard case .badKey(let words) = table.state else {
        Issue.record("\(table)")
        continue
      }
      #expect(!words.contains("sb_secret"))
    }
  }

  @Test("whoever answers with a page is no project, and who is silent has failed", arguments: [true, false])
  func others(isPage: Bool) async {
    let (tables, _) = await look { $0.play(isPage ? .portal : .silence, on: "*") }
    for table in tables {
      guard case .failed = table.state else {
        Issue.record("\(table)")
        continue
      }
    }
  }
}
