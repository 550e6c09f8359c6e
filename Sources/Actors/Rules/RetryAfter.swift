/// How long a server wants to be left alone, as its header `Retry-After` says it.
public enum RetryAfter {
  /// Reads a value: seconds, or the date until which; zero counts. nil for what is neither.
  ///
  /// - Parameters:
  ///   - now: what a date is compared with.
  ///   - longest: what is longer is cut to it.
  public static func wish(_ text: String, now: Timestamp, longest: Duration) -> Duration? {
    let digits = text.filter { $0 != " " }
    if !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
      // What does not fit is longer than anybody waits.
      return min(.seconds(Int64(digits) ?? .max / 2), longest)
    }
    guard let date = HTTPDate.parse(text) else { return nil }
    return min(max(date - now, .zero), longest)
  }
}

/// Dates of HTTP in the one form that is sent: `Sun, 06 Nov 1994 08:49:37 GMT`.
public enum HTTPDate {
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  /// The instant; nil where the text is no such date.
  public static func parse(_ text: String) -> Timestamp? {
    let words = text.split(separator: " ")
    guard words.count == 6, words[5] == "GMT", words[1].utf8.count == 2, words[3].utf8.count == 4,
      let month = months.firstIndex(of: String(words[2]))
    else { return nil }
    let number = month + 1
    return Timestamp(parsing: "\(words[3])-\(number < 10 ? "0" : "")\(number)-\(words[1])T\(words[4])Z")
  }
}
