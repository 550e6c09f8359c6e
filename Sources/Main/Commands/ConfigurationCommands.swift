import Actors

/// `retraind check-config`: whether the configuration is right, and with `--print` what it comes to.
enum CheckConfigCommand {
  static func run(_ options: CheckConfigOptions, flags: FlagOverrides, _ context: ProgramContext) -> Int32 {
    let loaded: LoadedConfiguration
    do throws(ConfigErrors) {
      loaded = try context.load(flags)
    } catch {
      context.explainFailure(error.description, code: ExitCode.configuration)
      return ExitCode.configuration
    }
    if options.print || context.global.json {
      let printer = ConfigurationPrinter(loaded: loaded)
      context.terminal.print(context.global.json ? printer.json() : printer.json5())
    } else {
      context.terminal.print("\(loaded.file ?? "no configuration file, defaults"): valid")
    }
    let programs = NotifyPrograms.warnings(loaded.settings, path: context.environment["PATH"])
    for warning in loaded.warnings + programs { context.terminal.say("warning: \(warning)") }
    return ExitCode.success
  }
}

/// `retraind version`.
enum VersionCommand {
  static func run(_ context: ProgramContext) -> Int32 {
    if context.global.json {
      context.terminal.print(#"{"version":"\#(RetrainMonitor.version)"}"#)
    } else {
      context.terminal.print("retraind \(RetrainMonitor.version)")
    }
    return ExitCode.success
  }
}
