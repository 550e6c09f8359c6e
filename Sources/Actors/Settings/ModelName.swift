/// What may stand as a model's name: it ends in URLs, in arguments of a program and in log lines.
public enum ModelName {
  /// Bytes that a name may have.
  public static let maximumLength = 512

  /// Why a text is no model name, in words that follow the text; nil where it is one.
  public static func problem(with name: String) -> String? {
    if name.isEmpty { return "is empty: write a name such as \"llama3.2:3b\"" }
    if name.utf8.count > maximumLength { return "is longer than \(maximumLength) bytes" }
    if name.hasPrefix("-") { return "begins with \"-\": a program would take it for an option" }
    for scalar in name.unicodeScalars where !isAllowed(scalar) {
      if scalar.properties.isWhitespace { return "contains white space: names have none" }
      if !PrintableText.isSafe(scalar) { return "contains a control character" }
      return "contains \"\(scalar)\": names are made of letters, digits and . _ - : / @"
    }
    for segment in name.split(separator: "/", omittingEmptySubsequences: false) {
      if segment == ".." || segment == "." { return "has the segment \"\(segment)\": names are no paths" }
      if segment.isEmpty { return "has an empty segment between slashes" }
    }
    return nil
  }

  /// ASCII letters and digits, and `. _ - : / @`.
  private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", ".", "_", "-", ":", "/", "@": true
    default: false
    }
  }
}
