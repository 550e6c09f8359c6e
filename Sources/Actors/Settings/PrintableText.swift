/// Text from outside, made fit for a message.
public enum PrintableText {
  /// Characters of a model's name that are shown to people.
  public static let nameLength = 80

  /// At most `limit` characters of a text on one line; what a terminal would act upon is replaced.
  public static func clip(_ text: String, to limit: Int = 60) -> String {
    var result = ""
    var scalars = 0
    for scalar in text.unicodeScalars {
      guard scalars < limit else { return result + "…" }
      scalars += 1
      result.unicodeScalars.append(isSafe(scalar) ? scalar : "\u{FFFD}")
    }
    return result
  }

  /// False for control characters, line separators, and marks that turn the direction of a line.
  public static func isSafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator, .format, .surrogate, .privateUse, .unassigned: false
    default: true
    }
  }
}
