/// Every default and every bound of the supervision module, in one place.
public enum Defaults {
  // MARK: Children

  /// How long a child may take to stop before it is abandoned.
  public static let shutdown = Shutdown.grace(.seconds(5))
  /// How long a child may take from its start to `ready()`.
  public static let startTimeout = Duration.seconds(30)
  /// How long a nested supervisor may take to stop: without a limit, because its own children have theirs.
  public static let supervisorShutdown = Shutdown.infinity
  /// How long a nested supervisor may take to be ready: without a limit, because its own children have theirs.
  public static let supervisorStartTimeout = longestDuration

  // MARK: Restarts

  /// How many restarts fit into `period`; one more escalates.
  public static let intensity = 5
  /// The window in which restarts are counted.
  public static let period = Duration.seconds(60)
  /// How long a child must have been *ready* for its backoff to begin again at the base.
  public static let healthyAfter = Duration.seconds(30)
  /// Delay before the first restart.
  public static let backoffBase = Duration.milliseconds(200)
  /// Factor from one delay to the next.
  public static let backoffRatio = 2.0
  /// Longest delay, before jitter.
  public static let backoffMax = Duration.seconds(30)
  /// Largest share of a delay that chance may add to it.
  public static let backoffJitter = 0.2
  /// The delays between restarts.
  public static let backoff = Backoff()

  // MARK: Jobs

  /// How many jobs a pool holds at once, abandoned ones included.
  public static let jobCapacity = 64

  // MARK: Bounds

  /// How many abandoned children a supervisor carries; one more escalates, because each may hold memory and sockets.
  public static let orphanLimit = 100
  /// Longest text of an error in an event, a snapshot or a message, in characters.
  public static let errorTextLimit = 500
  /// How many children a supervisor or a pool can have at once.
  public static let childLimit = 100_000_000
  /// How many posts one thread handles in a row before it hands the work over: so much does a child's call cost it.
  static let turnLimit = 64
  /// How many times a task goes on with the next start of its child, before that gets a task of its own ...
  static let seriesLimit = 32
  /// ... unless the first of them was less than this ago. For so many starts, or so long, a child that is started again
  /// and again and never waits keeps a thread to itself.
  static let seriesTime = Duration.milliseconds(10)
  /// Dead entries that a queue of deadlines may hold beyond twice its live ones.
  static let deadlineSlack = 64
  /// Largest `intensity`: the window remembers that many restarts.
  public static let largestIntensity = 10_000_000
  /// Longest duration in a specification: anything above is a mistake in a unit.
  public static let longestDuration = Duration.seconds(366 * 86_400)
}
