extension String {
  /// This with one full stop at its end: texts of errors come with and without.
  public var asSentence: String { hasSuffix(".") ? self : self + "." }
}
