import Actors

@testable import Main

/// Loads from files that exist in a dictionary only.
enum LoaderSupport {
  /// The configuration, or what is wrong with it.
  static func load(
    _ text: String? = nil, files: [String: FileReadResult] = [:], environment: [String: String] = [:],
    flags: FlagOverrides = FlagOverrides()
  ) throws(ConfigErrors) -> LoadedConfiguration {
    var files = files
    if let text { files["/w/retraind.json5"] = .contents(Array(text.utf8)) }
    return try ConfigurationLoader.load(
      flags: flags, environment: environment, workingDirectory: "/w", readFile: { files[$0] ?? .absent })
  }

  /// What is wrong, a line for each error.
  static func errors(
    _ text: String? = nil, files: [String: FileReadResult] = [:], environment: [String: String] = [:],
    flags: FlagOverrides = FlagOverrides()
  ) -> String {
    do throws(ConfigErrors) {
      _ = try load(text, files: files, environment: environment, flags: flags)
      return "no error"
    } catch {
      return error.description
    }
  }
}

extension FileReadResult {
  /// A file with a text.
  static func text(_ text: String) -> FileReadResult { .contents(Array(text.utf8)) }
}
