extension SQLiteValue {
  /// The numbered placeholders of as many values: `?1, ?2, ?3`.
  ///
  /// Put together by hand: `joined(separator:)` is generic code of the standard library, and its first use in a process
  /// looks through every conformance there is, which a short command would notice.
  public static func placeholders(_ count: Int) -> String {
    var list = ""
    for number in 1...max(1, count) {
      if number > 1 { list += ", " }
      list += "?"
      list += String(number)
    }
    return list
  }
}
