internal import Actors

/// Finds the configuration file. A place that somebody named must hold one; the usual places need not.
struct ConfigurationSearch {
  /// The file's name in the usual places.
  static let fileName = "retraind.json5"

  /// `--config`.
  let flag: String?
  /// Who names it: `--config`, or the argument of `check-config`.
  let namedBy: String
  /// The environment, without empty variables.
  let environment: [String: String]
  /// Where relative paths begin.
  let workingDirectory: String
  /// How a file is read.
  let readFile: FileReader

  /// The usual places in the order in which they count.
  var usualPlaces: [String] {
    var places = [ConfigurationSearch.fileName]
    // The XDG specification ignores a relative path here.
    if let home = environment["XDG_CONFIG_HOME"], home.hasPrefix("/") {
      places.append(StatePaths.join(home, "retraind/" + ConfigurationSearch.fileName))
    } else if let home = environment["HOME"], home.hasPrefix("/") {
      places.append(StatePaths.join(home, ".config/retraind/" + ConfigurationSearch.fileName))
    }
    places.append("/etc/retraind/" + ConfigurationSearch.fileName)
    return places
  }

  /// The file and its bytes; nil where there is none and none was named.
  func find() throws(ConfigErrors) -> (name: String, bytes: [UInt8])? {
    if let flag { return (flag, try named(flag, by: namedBy)) }
    if let path = environment["RETRAIND_CONFIG"] { return (path, try named(path, by: "$RETRAIND_CONFIG")) }
    for place in usualPlaces {
      switch readFile(StatePaths.join(workingDirectory, place)) {
      case .contents(let bytes, _): return (place, bytes)
      case .absent: continue
      case .failed(let why):
        throw ConfigErrors([
          ConfigError(
            source: place, message: "the file cannot be read: \(why)",
            remedy: "make it readable, or name another one by --config")
        ])
      }
    }
    return nil
  }

  /// The bytes of a file that somebody named.
  private func named(_ path: String, by source: String) throws(ConfigErrors) -> [UInt8] {
    let shown = PrintableText.clip(path, to: ConfigError.maximumField)
    switch readFile(StatePaths.join(workingDirectory, path)) {
    case .contents(let bytes, _): return bytes
    case .absent:
      throw ConfigErrors([
        ConfigError(
          source: shown, message: "the file does not exist",
          remedy: "\(source) names it: correct the path, or leave it out to use the usual places")
      ])
    case .failed(let why):
      throw ConfigErrors([
        ConfigError(source: shown, message: "the file cannot be read: \(why)", remedy: "\(source) names it")
      ])
    }
  }
}
