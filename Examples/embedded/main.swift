// The monitor inside another Swift program: one call starts it, one stops it.
//
//   swift run EmbeddedMonitor STATE_DIRECTORY [OLLAMA_HOST]
//
// It watches `psa-engine:latest` as the daemon would, prints its status once as JSON, and stops. A program that serves
// something keeps the monitor for as long as it lives instead.
import Actors

let arguments = CommandLine.arguments.dropFirst()
if let directory = arguments.first {
  let monitor = try await RetrainMonitor.start(
    Settings(model: "psa-engine:latest", ollama: OllamaSettings(host: arguments.dropFirst().first)),
    paths: StatePaths(database: "\(directory)/retraind.db", log: "\(directory)/model_retrainer.log"))
  print(try JSON.encode(await monitor.status(), isPretty: true))
  await monitor.stop()
} else {
  print("usage: EmbeddedMonitor STATE_DIRECTORY [OLLAMA_HOST]")
}
