/// A day of the proleptic Gregorian calendar.
struct CivilDate: Hashable {
  /// Astronomical year: 1 is 1 AD, 0 is 1 BC.
  var year: Int64
  /// Month, 1...12.
  var month: Int64
  /// Day of the month, from 1.
  var day: Int64

  /// Makes a day without a check; see `isValid`.
  init(year: Int64, month: Int64, day: Int64) {
    self.year = year
    self.month = month
    self.day = day
  }

  /// The day that lies so many days after 1970-01-01.
  ///
  /// Counts in eras of 400 years, which all have the same length, and in years that begin in March, so that the
  /// leap day is the last one.
  init(daysSinceEpoch: Int64) {
    let shifted = daysSinceEpoch + Self.daysToEpoch
    let era = Self.floorDivide(shifted, by: Self.daysPerEra)
    let dayOfEra = shifted - era * Self.daysPerEra
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }

  /// Days since 1970-01-01; negative before it.
  var daysSinceEpoch: Int64 {
    let yearFromMarch = month <= 2 ? year - 1 : year
    let era = Self.floorDivide(yearFromMarch, by: 400)
    let yearOfEra = yearFromMarch - era * 400
    let monthFromMarch = month > 2 ? month - 3 : month + 9
    let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * Self.daysPerEra + dayOfEra - Self.daysToEpoch
  }

  /// True where the calendar has such a day, in the years 1...9999 that RFC 3339 and PostgreSQL share.
  var isValid: Bool {
    guard (1...9999).contains(year), (1...12).contains(month) else { return false }
    return (1...Self.length(ofMonth: month, year: year)).contains(day)
  }

  /// Days in a month, 1...12.
  static func length(ofMonth month: Int64, year: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Division that rounds towards negative infinity, for a positive divisor.
  static func floorDivide(_ value: Int64, by divisor: Int64) -> Int64 {
    let (quotient, rest) = value.quotientAndRemainder(dividingBy: divisor)
    return rest < 0 ? quotient - 1 : quotient
  }

  /// Days in 400 years.
  private static let daysPerEra: Int64 = 146_097
  /// Days from 0000-03-01 to 1970-01-01.
  private static let daysToEpoch: Int64 = 719_468
}
