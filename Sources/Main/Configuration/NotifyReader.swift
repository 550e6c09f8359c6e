internal import Actors
internal import Platform

/// `notify`: where people are told.
extension ConfigReader {
  /// The keys of every sink.
  static let sinkKeys = ["type", "name", "events", "timeout"]
  /// Those of a webhook beside them.
  static let webhookKeys = ["url", "secretFile"]
  /// Those of a command beside them.
  static let commandKeys = ["program", "arguments"]

  /// The kinds of sinks.
  private enum SinkType: String, CaseIterable {
    /// A receiver of requests.
    case webhook
    /// A program.
    case command
  }

  /// The type of sinks that have a key which not all have; nil where there is no such key.
  static func typeOfSink(with key: String) -> String? {
    if webhookKeys.contains(key) { return SinkType.webhook.rawValue }
    return commandKeys.contains(key) ? SinkType.command.rawValue : nil
  }

  /// The list of sinks.
  mutating func readNotify(_ node: ConfigNode, _ path: [String]) {
    guard case .array(let nodes) = node.value else {
      return refuse(node, path, "is not a list", #"write [ { type: "webhook", url: "…", secretFile: "…" } ]"#)
    }
    guard nodes.count <= FieldLimits.sinks else {
      return add(node.position, path, FieldProblem(message: "more than \(FieldLimits.sinks) sinks are listed"))
    }
    var sinks: [SinkSettings] = []
    for (index, node) in nodes.enumerated() {
      let place = ["\(path.joined())[\(index)]"]
      guard let sink = readSink(node, place) else { continue }
      if let other = sinks.first(where: { $0.name == sink.name }) {
        add(
          node.position, place + ["name"],
          FieldProblem(
            message: "a sink before it is called \"\(PrintableText.clip(other.name))\" too",
            remedy: "give one of them another name: it is that of its queue"))
        continue
      }
      // Found again by its name, which is that of its fields.
      for key in ConfigReader.sinkKeys + ConfigReader.webhookKeys + ConfigReader.commandKeys {
        let found = positions.removeValue(forKey: (place + [key]).joined(separator: "."))
        positions[(path + [sink.name, key]).joined(separator: ".")] = found
      }
      sinks.append(sink)
    }
    settings.notify = sinks
  }

  /// One sink; nil where it cannot be made, which is noted.
  private mutating func readSink(_ node: ConfigNode, _ path: [String]) -> SinkSettings? {
    guard case .object(let all) = node.value else {
      refuse(node, path, "is not an object", #"write { type: "webhook", … } or { type: "command", … }"#)
      return nil
    }
    guard let typeEntry = all.first(where: { $0.key == "type" }) else {
      add(
        node.position, path,
        FieldProblem(message: "has no type", remedy: #"write type: "webhook" or type: "command""#))
      return nil
    }
    guard let type: SinkType = choice(typeEntry.value, path + ["type"]) else { return nil }
    let own = type == .webhook ? ConfigReader.webhookKeys : ConfigReader.commandKeys
    let before = errors.count
    var name: String?
    var url: String?
    var secretFile: String?
    var program: String?
    var arguments: [String] = []
    var sink = SinkSettings(name: "", way: .command(CommandSettings(program: "")))
    for entry in entries(of: node, at: path, known: ConfigReader.sinkKeys + own) {
      let (value, path) = (entry.value, path + [entry.key])
      switch entry.key {
      case "name": name = text(value, path, FieldCheck.sinkName)
      case "events": sink.events = events(value, path) ?? sink.events
      case "timeout": sink.timeout = duration(value, path, FieldLimits.sinkTimeout) ?? sink.timeout
      case "url": url = text(value, path, EndpointCheck.webhook)
      case "secretFile": secretFile = text(value, path, WebhookSecretFile.checkPath)
      case "program": program = text(value, path, FieldCheck.filePath)
      case "arguments": arguments = texts(value, path) ?? []
      default: break
      }
    }
    switch type {
    case .webhook:
      require(all, ["url", "secretFile"], of: node, at: path)
      guard before == errors.count, let url, let secretFile else { return nil }
      sink.way = .webhook(WebhookSettings(url: url, secretFile: secretFile))
      sink.name = name ?? "webhook-\(HTTPAddress(url)?.host ?? url)"
    case .command:
      require(all, ["program"], of: node, at: path)
      guard before == errors.count, let program else { return nil }
      sink.way = .command(CommandSettings(program: program, arguments: arguments))
      sink.name = name ?? "command-\(program.split(separator: "/").last ?? "")"
    }
    return sink
  }

  /// Takes note of keys that must be there and are not.
  private mutating func require(_ entries: [ConfigEntry], _ keys: [String], of node: ConfigNode, at path: [String]) {
    for key in keys where !entries.contains(where: { $0.key == key }) {
      let remedy =
        key == "secretFile"
        ? "name the file that holds the webhook's secret, whsec_…" : "a sink of this type needs it"
      add(node.position, path + [key], FieldProblem(message: "is missing", remedy: remedy))
    }
  }

  /// What a sink is told of.
  private mutating func events(_ node: ConfigNode, _ path: [String]) -> [NoticeKind]? {
    guard let words = elements(node, path, example: #"["degraded", "failed"]"#) else { return nil }
    var events: [NoticeKind] = []
    for word in words {
      let kind = text(word, path) { text throws(FieldProblem) in
        guard let kind = NoticeKind(rawValue: text), kind != .test else {
          throw FieldCheck.notAChoice(text, among: NoticeKind.choices.map(\.rawValue), what: "event")
        }
        return kind
      }
      guard let kind else { continue }
      if events.contains(kind) {
        add(word.position, path, FieldProblem(message: "\"\(kind.rawValue)\" stands twice", remedy: "leave one out"))
      }
      events.append(kind)
    }
    if words.isEmpty {
      add(
        node.position, path,
        FieldProblem(
          message: "the list is empty: this sink would never be told", remedy: "remove the key for every event"))
    }
    positions[path.joined(separator: ".")] = node.position
    return NoticeKind.choices.filter { events.contains($0) }
  }

  /// A list of texts.
  private mutating func texts(_ node: ConfigNode, _ path: [String]) -> [String]? {
    guard let nodes = elements(node, path, example: #"["--urgent"]"#) else { return nil }
    let texts = nodes.compactMap { element in text(element, path, FieldCheck.argument) }
    positions[path.joined(separator: ".")] = node.position
    return texts
  }

  /// The elements of a list.
  private mutating func elements(_ node: ConfigNode, _ path: [String], example: String) -> [ConfigNode]? {
    guard case .array(let nodes) = node.value else {
      refuse(node, path, "is not a list", "write it like \(example)")
      return nil
    }
    guard nodes.count <= FieldLimits.listed else {
      add(node.position, path, FieldProblem(message: "more than \(FieldLimits.listed) elements are listed"))
      return nil
    }
    return nodes
  }
}
