extension Timestamp {
  /// The instant a duration later (earlier for a negative one), cut down to whole microseconds; at the ends of what
  /// an instant can hold it stays there.
  public func adding(_ duration: Duration) -> Timestamp {
    let attosecondsPerMicrosecond: Int128 = 1_000_000_000_000
    let (quotient, rest) = duration.attoseconds.quotientAndRemainder(dividingBy: attosecondsPerMicrosecond)
    let sum = Int128(microseconds) + quotient - (rest < 0 ? 1 : 0)
    return Timestamp(microseconds: Int64(clamping: sum))
  }

  /// The exact time from the right instant to the left one; negative where the left one is earlier. A duration holds
  /// the distance of any two instants.
  public static func - (left: Timestamp, right: Timestamp) -> Duration {
    .microseconds(left.microseconds) - .microseconds(right.microseconds)
  }
}
