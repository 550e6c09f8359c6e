import Rules

/// Finds the model that somebody probably meant.
enum NearModel {
  /// Letters from which on a name without its tag is compared with others: shorter ones are near to too many.
  private static let shortestFamily = 4

  /// The name that was probably meant: the same one in other capitals, the same one with another tag or with the tag
  /// that was forgotten, or a word that is nearly the same. nil where nothing is near.
  static func of(_ model: String, among names: [String]) -> String? {
    let wanted = ModelName.normalised(model)
    let others = names.filter { ModelName.normalised($0) != wanted }
    if let same = others.first(where: { ModelName.isSame($0, model) }) { return same }
    let family = family(of: model)
    let relatives = others.filter { Self.family(of: $0) == family }
    if relatives.count == 1 { return relatives.first }
    let candidates = relatives.isEmpty ? others : relatives
    if let near = nearest(wanted, candidates, ModelName.normalised) ?? relatives.first { return near }
    return family.utf8.count < shortestFamily ? nil : nearest(family, others, Self.family)
  }

  private static func nearest(_ word: String, _ names: [String], _ key: (String) -> String) -> String? {
    let keys = Dictionary(names.map { (key($0), $0) }, uniquingKeysWith: { first, _ in first })
    return NearestName.of(word, among: keys.keys.sorted()).flatMap { keys[$0] }
  }

  /// A name without its tag, in small letters; the colon of a port, before the last slash, is none of a tag.
  private static func family(of model: String) -> String {
    let name = ModelName.normalised(model).lowercased()
    let last = name.lastIndex(of: "/") ?? name.startIndex
    return name[last...].lastIndex(of: ":").map { String(name[..<$0]) } ?? name
  }
}
