import Journal
import Stores

/// Whether it is worth asking again for what failed.
public enum Patience {
  /// True where the same call may succeed later without anybody's doing at this program: a store that somebody else
  /// holds, a full disk, a full lane.
  public static func isWorthwhile(_ error: any Error) -> Bool {
    switch error {
    case let failure as JournalFailure: failure.isTransient || failure.isFull
    case let failure as StoreFailure: failure.isTransient
    case let refusal as RunRefusal: refusal.isTransient
    default: false
    }
  }
}
