/// What lies on the disk at a moment, past every cache: the head of the database file, and when it and its log were
/// last written. One is taken after each write of ours; before the next it tells whether somebody else was there.
public struct SQLiteFileState: Sendable, Hashable {
  /// When a file was last written.
  public struct Stamp: Sendable, Hashable {
    /// Its size in bytes.
    public var size: Int64 = 0
    /// Seconds of the last change.
    public var seconds: Int64 = 0
    /// Nanoseconds of it.
    public var nanoseconds: Int64 = 0
  }

  /// Bytes of the head of every SQLite file.
  static let headSize = 100
  /// What every head begins with.
  private static let magic = Array("SQLite format 3\u{0}".utf8)

  /// The file's last change.
  public var file: Stamp
  /// The log's last change.
  public var log: Stamp
  /// The first bytes of the file.
  public var head: [UInt8]

  /// Makes a state.
  public init(file: Stamp, log: Stamp, head: [UInt8]) {
    self.file = file
    self.log = log
    self.head = head
  }

  /// True for the head of a SQLite database that is not shorter than one page.
  public var isDatabase: Bool {
    head.count == Self.headSize && head.starts(with: Self.magic) && file.size >= pageSize && pageSize >= 512
  }

  /// Bytes of a page.
  public var pageSize: Int64 {
    let size = Int64(number(at: 16) >> 16)
    return size == 1 ? 65_536 : size
  }

  /// Pages of the database, by its head.
  public var pages: Int64 { Int64(number(at: 28)) }
  /// Pages of it that are free.
  public var freePages: Int64 { Int64(number(at: 36)) }
  /// Counts the changes of its schema.
  public var schemaVersion: Int64 { Int64(number(at: 40)) }
  /// The application that it belongs to.
  public var applicationID: Int64 { Int64(Int32(bitPattern: number(at: 68))) }

  /// Four bytes of the head as a number.
  private func number(at offset: Int) -> UInt32 {
    guard head.count >= offset + 4 else { return 0 }
    return head[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }
}

extension SQLiteDatabase {
  /// What lies on the disk now; nil where it cannot be read.
  public func fileState() -> SQLiteFileState? {
    guard let (head, size) = bytesOnDisk(at: 0, count: SQLiteFileState.headSize) else { return nil }
    var file = SQLiteFile.stamp(path: path)
    file.size = size
    return SQLiteFileState(file: file, log: SQLiteFile.stamp(path: path + "-wal"), head: head)
  }

  /// A page as it lies on the disk, zeros where there is none; nil where it cannot be read.
  public func pageOnDisk(_ number: Int64, size: Int64) -> [UInt8]? {
    guard number > 0, (512...65_536).contains(size) else { return nil }
    return bytesOnDisk(at: (number - 1) * size, count: Int(size))?.bytes
  }
}
