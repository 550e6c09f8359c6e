/// What the stand-in does instead of answering as it should.
public enum Fault: Sendable {
  /// A whole other answer.
  case answer(StandInAnswer)
  /// What a real one was recorded to answer, by the title of the recording.
  case recorded(String)
  /// Does what was asked, and gives another answer.
  case doneBut(StandInAnswer)
  /// Does what was asked, and closes the connection without a word.
  case doneThenReset
  /// Does what was asked, and says nothing until the client leaves.
  case doneThenSilence
  /// Closes the connection without a word.
  case reset
  /// Says nothing until the client leaves.
  case silence
  /// Announces a body and closes in the middle of it.
  case truncated
  /// Sends so many bytes of rows that never end.
  case flood(Int)

  /// A gateway's page.
  public static let page = Fault.answer(
    StandInAnswer(
      "522 Connection timed out", headers: [("Content-Type", "text/html; charset=UTF-8")],
      body: "<!DOCTYPE html><html><head><title>x.supabase.co | 522: Connection timed out</title></head></html>"))
  /// A page with the status of success: a captive portal, or a proxy.
  public static let portal = Fault.answer(
    StandInAnswer("200 OK", headers: [("Content-Type", "text/html")], body: "<html>Please log in</html>"))
  /// The database is down.
  public static let databaseDown = Fault.answer(
    StandInAnswer(
      "503 Service Unavailable",
      headers: [
        ("Retry-After", "0"), ("Content-Type", "application/json; charset=utf-8"),
        ("Proxy-Status", "PostgREST; error=PGRST002"),
      ],
      body:
        #"{"code":"PGRST002","details":null,"hint":null,"message":"Could not query the database for the schema cache. Retrying."}"#
    ))
  /// A status and nothing else.
  public static func empty(_ status: String) -> Fault { .answer(StandInAnswer(status)) }
}

/// A request that came, and what it got.
public struct Call: Sendable {
  /// The request.
  public var request: StandInProject.Request
  /// The status of the answer; 0 where there was none.
  public var status: Int
  /// On which connection it came, from 0.
  public var connection: Int

  /// `GET learning_stats`.
  public var name: String { "\(request.method) \(request.table)" }
  /// The request's target, decoded only where it is needed.
  public var target: String { request.target }
}
