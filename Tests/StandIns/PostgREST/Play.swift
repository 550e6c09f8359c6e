/// A project with the faults that it plays and the requests that came: the stand-in without its sockets.
public struct StandInPlay: Sendable {
  /// Requests that are kept to be judged by.
  static let maximumCalls = 100_000

  /// The project.
  public var project: StandInProject
  /// Every request so far.
  public private(set) var calls: [Call] = []
  private var faults: [(pattern: String, fault: Fault, times: Int, after: Int)] = []

  /// A project without faults.
  public init(_ project: StandInProject = StandInProject()) { self.project = project }

  /// Plays a fault, see `PostgRESTStandIn.play`; from the request on that comes after so many that it would be for.
  public mutating func play(_ fault: Fault, on pattern: String = "*", times: Int = .max, after: Int = 0) {
    faults.append((pattern, fault, times, after))
  }

  /// Plays no more faults.
  public mutating func heal() { faults = [] }

  /// Takes a request: the answer, and the fault where one is played. Without an answer the fault says what to do.
  public mutating func take(
    _ request: StandInProject.Request, connection: Int
  ) -> (answer: StandInAnswer?, fault: Fault?) {
    let fault = takeFault(for: request)
    var answer: StandInAnswer?
    switch fault {
    case nil: answer = project.answer(request)
    case .answer(let other): answer = other
    case .recorded(let title): answer = PostgRESTRecordings.shared[title]
    case .doneBut(let other):
      _ = project.answer(request)
      answer = other
    case .doneThenReset, .doneThenSilence: _ = project.answer(request)
    case .reset, .silence, .truncated, .flood: break
    }
    if calls.count < Self.maximumCalls {
      calls.append(Call(request: request, status: answer?.code ?? 0, connection: connection))
    }
    return (answer, fault)
  }

  private mutating func takeFault(for request: StandInProject.Request) -> Fault? {
    let name = "\(request.method) \(request.table)"
    let found = faults.firstIndex { $0.pattern == "*" || $0.pattern == name || $0.pattern == "\(request.method) *" }
    guard let index = found else { return nil }
    if faults[index].after > 0 {
      faults[index].after -= 1
      return nil
    }
    let fault = faults[index].fault
    if faults[index].times != .max { faults[index].times -= 1 }
    if faults[index].times == 0 { faults.remove(at: index) }
    return fault
  }
}
