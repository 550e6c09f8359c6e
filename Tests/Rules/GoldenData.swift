/// Outputs of reference implementations: `proportion_confint(method="wilson")` of statsmodels 0.15.0 and `average` of
/// numpy 2.4.6.
enum GoldenData {
  /// Wilson's interval at one level of confidence.
  struct Wilson {
    /// Accepted.
    var k: Int64
    /// Judged.
    var n: Int64
    /// 1 - confidence.
    var alpha: Double
    /// Lower end.
    var lower: Double
    /// Upper end.
    var upper: Double
  }

  /// Standard normal quantiles of 1 - alpha/2.
  static let quantiles: [Double: Double] = [
    0.2: 1.2815515655446004,
    0.1: 1.6448536269514722,
    0.05: 1.959963984540054,
    0.01: 2.5758293035489004,
  ]

  /// Wilson intervals.
  static let wilson: [Wilson] = [
    Wilson(k: 0, n: 1, alpha: 0.2, lower: 0.0, upper: 0.6215524967746471),
    Wilson(k: 0, n: 1, alpha: 0.1, lower: 0.0, upper: 0.730134051215946),
    Wilson(k: 0, n: 1, alpha: 0.05, lower: 0.0, upper: 0.7934506856227627),
    Wilson(k: 0, n: 1, alpha: 0.01, lower: 0.0, upper: 0.8690224567198142),
    Wilson(k: 1, n: 1, alpha: 0.2, lower: 0.3784475032253529, upper: 1.0),
    Wilson(k: 1, n: 1, alpha: 0.1, lower: 0.269865948784054, upper: 1.0),
    Wilson(k: 1, n: 1, alpha: 0.05, lower: 0.2065493143772374, upper: 1.0),
    Wilson(k: 1, n: 1, alpha: 0.01, lower: 0.13097754328018574, upper: 0.9999999999999999),
    Wilson(k: 0, n: 5, alpha: 0.2, lower: 0.0, upper: 0.24725712712067477),
    Wilson(k: 0, n: 5, alpha: 0.1, lower: 0.0, upper: 0.3511165007651014),
    Wilson(k: 0, n: 5, alpha: 0.05, lower: 0.0, upper: 0.43448246478317487),
    Wilson(k: 0, n: 5, alpha: 0.01, lower: 0.0, upper: 0.5702583210270094),
    Wilson(k: 5, n: 5, alpha: 0.2, lower: 0.7527428728793252, upper: 0.9999999999999999),
    Wilson(k: 5, n: 5, alpha: 0.1, lower: 0.6488834992348986, upper: 1.0),
    Wilson(k: 5, n: 5, alpha: 0.05, lower: 0.5655175352168252, upper: 1.0),
    Wilson(k: 5, n: 5, alpha: 0.01, lower: 0.42974167897299065, upper: 1.0),
    Wilson(k: 1, n: 5, alpha: 0.2, lower: 0.06189574902876033, upper: 0.4864585272436445),
    Wilson(k: 1, n: 5, alpha: 0.1, lower: 0.04596245388060394, upper: 0.564707446578457),
    Wilson(k: 1, n: 5, alpha: 0.05, lower: 0.036224108632430196, upper: 0.6244653702374748),
    Wilson(k: 1, n: 5, alpha: 0.01, lower: 0.02393366285088805, upper: 0.7182213297653175),
    Wilson(k: 3, n: 5, alpha: 0.2, lower: 0.3304211243962073, upper: 0.8201274501796575),
    Wilson(k: 3, n: 5, alpha: 0.1, lower: 0.2724831718661927, upper: 0.857293527980787),
    Wilson(k: 3, n: 5, alpha: 0.05, lower: 0.2307242812760129, upper: 0.8823792257673522),
    Wilson(k: 3, n: 5, alpha: 0.01, lower: 0.16865619801943216, upper: 0.9172921377751659),
    Wilson(k: 2, n: 3, alpha: 0.2, lower: 0.32118264783034833, upper: 0.894224363878277),
    Wilson(k: 2, n: 3, alpha: 0.1, lower: 0.253533868281224, upper: 0.9217342736662715),
    Wilson(k: 2, n: 3, alpha: 0.05, lower: 0.2076596008020477, upper: 0.9385080552796037),
    Wilson(k: 2, n: 3, alpha: 0.01, lower: 0.144216015047667, upper: 0.9595733707039154),
    Wilson(k: 12, n: 20, alpha: 0.2, lower: 0.45724302429206387, upper: 0.7275795798857833),
    Wilson(k: 12, n: 20, alpha: 0.1, lower: 0.4185558502932586, upper: 0.7576125822345484),
    Wilson(k: 12, n: 20, alpha: 0.05, lower: 0.3865815007622531, upper: 0.781193467627183),
    Wilson(k: 12, n: 20, alpha: 0.01, lower: 0.329313482072384, upper: 0.8208654377078652),
    Wilson(k: 9, n: 20, alpha: 0.2, lower: 0.3166942963884054, upper: 0.5908944015226711),
    Wilson(k: 9, n: 20, alpha: 0.1, lower: 0.28412349128903114, upper: 0.6277922924470652),
    Wilson(k: 9, n: 20, alpha: 0.05, lower: 0.2581978582556242, upper: 0.6579146575496577),
    Wilson(k: 9, n: 20, alpha: 0.01, lower: 0.21384167323432343, upper: 0.7110688668755518),
    Wilson(k: 45, n: 100, alpha: 0.2, lower: 0.3875635693671735, upper: 0.5140522669654586),
    Wilson(k: 45, n: 100, alpha: 0.1, lower: 0.37056097069445393, upper: 0.5320733013838636),
    Wilson(k: 45, n: 100, alpha: 0.05, lower: 0.35614537979511973, upper: 0.5475539700255787),
    Wilson(k: 45, n: 100, alpha: 0.01, lower: 0.3289768378700213, upper: 0.577245230901561),
    Wilson(k: 55, n: 100, alpha: 0.2, lower: 0.48594773303454153, upper: 0.6124364306328266),
    Wilson(k: 55, n: 100, alpha: 0.1, lower: 0.4679266986161365, upper: 0.6294390293055461),
    Wilson(k: 55, n: 100, alpha: 0.05, lower: 0.4524460299744213, upper: 0.6438546202048803),
    Wilson(k: 55, n: 100, alpha: 0.01, lower: 0.422754769098439, upper: 0.6710231621299787),
    Wilson(k: 60, n: 100, alpha: 0.2, lower: 0.5360895561529885, upper: 0.6606787711817476),
    Wilson(k: 60, n: 100, alpha: 0.1, lower: 0.5178095064343315, upper: 0.6769219494090335),
    Wilson(k: 60, n: 100, alpha: 0.05, lower: 0.5020025867910618, upper: 0.6905987135675411),
    Wilson(k: 60, n: 100, alpha: 0.01, lower: 0.47141911793082225, upper: 0.7161367445260132),
    Wilson(k: 70, n: 100, alpha: 0.2, lower: 0.6384270897172278, upper: 0.7551095649522442),
    Wilson(k: 70, n: 100, alpha: 0.1, lower: 0.6201678660558755, upper: 0.7692950456308546),
    Wilson(k: 70, n: 100, alpha: 0.05, lower: 0.6041514536665332, upper: 0.7810511470506724),
    Wilson(k: 70, n: 100, alpha: 0.01, lower: 0.5725723811235759, upper: 0.802539343790095),
    Wilson(k: 590, n: 1000, alpha: 0.2, lower: 0.5699360856655156, upper: 0.609768771674511),
    Wilson(k: 590, n: 1000, alpha: 0.1, lower: 0.5642079113116494, upper: 0.6153064049051937),
    Wilson(k: 590, n: 1000, alpha: 0.05, lower: 0.5592284411186709, upper: 0.6200827423539291),
    Wilson(k: 590, n: 1000, alpha: 0.01, lower: 0.5494724154575152, upper: 0.6293411748598714),
    Wilson(k: 620, n: 1000, alpha: 0.2, lower: 0.6001475097112683, upper: 0.6394589667421005),
    Wilson(k: 620, n: 1000, alpha: 0.1, lower: 0.5944609188889379, upper: 0.6448915027335195),
    Wilson(k: 620, n: 1000, alpha: 0.05, lower: 0.5895108843206113, upper: 0.6495706936428555),
    Wilson(k: 620, n: 1000, alpha: 0.01, lower: 0.5797945446495354, upper: 0.6586235757736469),
    Wilson(k: 6000, n: 10000, alpha: 0.2, lower: 0.5937057781489734, upper: 0.6062613797566252),
    Wilson(k: 6000, n: 10000, alpha: 0.1, lower: 0.5919158921633125, upper: 0.6080300116035764),
    Wilson(k: 6000, n: 10000, alpha: 0.05, lower: 0.5903615437302925, upper: 0.6095616565955722),
    Wilson(k: 6000, n: 10000, alpha: 0.01, lower: 0.587318770041548, upper: 0.6125486200117599),
    Wilson(k: 5900, n: 10000, alpha: 0.2, lower: 0.5836826238471876, upper: 0.5962878182678509),
    Wilson(k: 5900, n: 10000, alpha: 0.1, lower: 0.5818867762692184, upper: 0.5980645371209816),
    Wilson(k: 5900, n: 10000, alpha: 0.05, lower: 0.5803274735431416, upper: 0.5996034067501366),
    Wilson(k: 5900, n: 10000, alpha: 0.01, lower: 0.5772755992511068, upper: 0.6026050517968703),
    Wilson(k: 1, n: 1000, alpha: 0.2, lower: 0.000299157030195601, upper: 0.0033372450512125125),
    Wilson(k: 1, n: 1000, alpha: 0.1, lower: 0.00022312384391207085, upper: 0.004469722909368932),
    Wilson(k: 1, n: 1000, alpha: 0.05, lower: 0.00017654637062607765, upper: 0.005642558597957937),
    Wilson(k: 1, n: 1000, alpha: 0.01, lower: 0.00011741635361832078, upper: 0.008460566219981695),
    Wilson(k: 999, n: 1000, alpha: 0.2, lower: 0.9966627549487874, upper: 0.9997008429698044),
    Wilson(k: 999, n: 1000, alpha: 0.1, lower: 0.9955302770906311, upper: 0.9997768761560879),
    Wilson(k: 999, n: 1000, alpha: 0.05, lower: 0.9943574414020421, upper: 0.9998234536293739),
    Wilson(k: 999, n: 1000, alpha: 0.01, lower: 0.9915394337800183, upper: 0.9998825836463816),
    Wilson(k: 0, n: 200, alpha: 0.2, lower: 8.673617379884035e-19, upper: 0.008144986488645617),
    Wilson(k: 0, n: 200, alpha: 0.1, lower: 0.0, upper: 0.013347160654775633),
    Wilson(k: 0, n: 200, alpha: 0.05, lower: 0.0, upper: 0.01884532637726658),
    Wilson(k: 0, n: 200, alpha: 0.01, lower: 0.0, upper: 0.03210927442634307),
    Wilson(k: 200, n: 200, alpha: 0.2, lower: 0.9918550135113544, upper: 1.0),
    Wilson(k: 200, n: 200, alpha: 0.1, lower: 0.9866528393452243, upper: 1.0),
    Wilson(k: 200, n: 200, alpha: 0.05, lower: 0.9811546736227335, upper: 1.0),
    Wilson(k: 200, n: 200, alpha: 0.01, lower: 0.9678907255736567, upper: 0.9999999999999999),
  ]

  /// Accepted judgements of 80 cycles, four of them empty.
  static let accepted: [Int64] = [
    38, 6, 11, 12, 22, 32, 37, 12, 26, 5, 27, 19, 22, 0, 20, 31, 26, 39, 15, 20, 6, 10, 24, 8, 29, 11, 22, 32,
    22, 12, 0, 28, 15, 11, 8, 6, 35, 5, 9, 19, 32, 33, 12, 15, 9, 27, 18, 0, 21, 23, 10, 20, 39, 11, 35, 32,
    5, 19, 17, 6, 25, 4, 16, 16, 0, 8, 4, 16, 9, 8, 18, 20, 5, 11, 5, 19, 21, 18, 2, 6,
  ]

  /// Judgements of the same cycles.
  static let total: [Int64] = [
    45, 10, 16, 12, 30, 38, 48, 12, 37, 6, 27, 23, 29, 0, 31, 37, 31, 45, 20, 26, 7, 11, 28, 9, 33, 13, 31,
    37, 25, 14, 0, 30, 19, 13, 10, 6, 44, 5, 10, 21, 40, 44, 14, 19, 12, 31, 23, 0, 28, 31, 15, 31, 50, 16,
    50, 50, 9, 36, 32, 14, 32, 5, 39, 27, 0, 26, 7, 25, 11, 21, 39, 40, 8, 17, 13, 34, 28, 32, 5, 18,
  ]

  /// A mean over the newest cycles.
  struct Mean {
    /// Index of the newest cycle.
    var afterCycle: Int
    /// Cycles, empty ones not counted.
    var window: Int
    /// Unweighted mean of their rates.
    var unweighted: Double
  }

  /// Means of the same cycles.
  static let means: [Mean] = [
    Mean(afterCycle: 4, window: 5, unweighted: 0.7730555555555556),
    Mean(afterCycle: 9, window: 5, unweighted: 0.8297949265054528),
    Mean(afterCycle: 19, window: 5, unweighted: 0.8124889902309258),
    Mean(afterCycle: 39, window: 5, unweighted: 0.9200432900432901),
    Mean(afterCycle: 59, window: 5, unweighted: 0.5366309523809523),
    Mean(afterCycle: 79, window: 5, unweighted: 0.5209313725490197),
  ]
}
