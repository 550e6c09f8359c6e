import Glibc
import Platform
import Testing

/// The SQL that `schema` prints, given to the real databases.
@Suite("Schema", .serialized, .timeLimit(.minutes(5)))
struct SchemaTests {
  /// Where a Postgres server and what starts it are; nil where none is installed.
  static let installation: String? = [
    "/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/15/bin",
  ]
  .first { access($0 + "/initdb", X_OK) == 0 && (geteuid() != 0 || getpwnam("postgres") != nil) }

  @Test("SQLite takes it, also beside the tables that are there")
  func sqlite() async throws {
    try await World.with(nil) { world in
      let sql = try await world.succeed(["schema", "--sqlite"]).output
      #expect(try await world.succeed(["schema"]).output == sql)
      let database = try SQLiteDatabase(path: world.path("other.db"))
      for _ in 0..<2 { try database.execute(script: sql) }
      try database.run("INSERT INTO learning_stats (model, accepted, rejected) VALUES ('m', 1, 1)")
      let id = try database.first("SELECT id FROM learning_stats") { row in row[0].text }
      #expect(id??.utf8.count == 36)
    }
  }

  @Test(
    "Postgres takes it, twice, and beside the tables of the replaced system; only the service role gets in",
    .enabled(if: installation != nil, "no Postgres is installed here: apt-get install postgresql"))
  func postgres() async throws {
    let bin = try #require(Self.installation)
    try await World.with(nil) { world in
      let sql = try await world.succeed(["schema", "--postgres"]).output
      #expect(try await world.run(["schema"], ["SUPABASE_URL": "http://127.0.0.1:1"]).output == sql)
      let server = try await Server(bin, in: world)
      try Files.write(sql, to: world.path("schema.sql"))
      try await server.psql("CREATE ROLE anon; CREATE ROLE service_role; CREATE DATABASE fresh; CREATE DATABASE old;")
      try await server.psql(
        """
        CREATE TABLE learning_stats (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), timestamp timestamptz,
          window_minutes int, total_events int, accepted int, rejected int, edited int, accept_rate numeric(3,3));
        CREATE TABLE system_events (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), event_type text NOT NULL,
          timestamp timestamptz, severity text, message text, metadata jsonb, notes text, created_at timestamptz);
        CREATE TABLE learning_events (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), submission_id uuid,
          event_type text, approved boolean NOT NULL DEFAULT false, model_version text, confidence_score numeric,
          metadata jsonb, created_at timestamptz DEFAULT now());
        """, database: "old")
      for database in ["fresh", "old"] {
        for _ in 0..<2 { try await server.psql(file: world.path("schema.sql"), database: database) }
        let counted = try await server.psql(
          """
          SET ROLE service_role;
          INSERT INTO learning_stats (timestamp, model, accepted, rejected, accept_rate) VALUES (now(), 'm', 1, 0, 1.0);
          INSERT INTO system_events (id, timestamp, event_type, notes, metadata)
            VALUES (gen_random_uuid(), now(), 'model_retrain', 'n', '{"event_id": "e"}');
          INSERT INTO learning_events (event_type, approved, metadata) VALUES ('model_retrain', NULL, '{}');
          INSERT INTO learning_samples (model, prompt) VALUES ('m', 'p');
          SELECT count(*) FROM learning_events WHERE approved IS NULL;
          """, database: database)
        #expect(counted.hasSuffix("1\n"), "\(counted)")
        for table in ["learning_stats", "system_events", "learning_events", "learning_samples"] {
          let refused = try await server.run("SET ROLE anon; SELECT * FROM \(table)", database: database)
          #expect(refused.error.contains("permission denied for table \(table)"), "\(refused.error)")
        }
      }
    }
  }

  @Test(
    "Postgres takes it beside tables that are used otherwise; whoever could use them still can, and a view is named",
    .enabled(if: installation != nil, "no Postgres is installed here: apt-get install postgresql"))
  func oddTables() async throws {
    let bin = try #require(Self.installation)
    try await World.with(nil) { world in
      try Files.write(try await world.succeed(["schema", "--postgres"]).output, to: world.path("schema.sql"))
      let server = try await Server(bin, in: world)
      try await server.psql("CREATE ROLE anon; CREATE ROLE service_role BYPASSRLS; CREATE DATABASE odd;")
      try await server.psql(
        """
        CREATE TABLE learning_stats (id bigserial PRIMARY KEY, timestamp timestamptz, accept_rate numeric(3,3));
        CREATE VIEW uses AS SELECT accept_rate FROM learning_stats;
        CREATE TABLE system_events (event_type text, metadata text, timestamp timestamptz);
        INSERT INTO system_events VALUES ('a', '{}', now()), ('b', '{}', now());
        CREATE TABLE learning_events (id bigserial PRIMARY KEY, approved boolean NOT NULL DEFAULT false, metadata json);
        GRANT SELECT, INSERT ON learning_events TO anon; GRANT USAGE ON SEQUENCE learning_events_id_seq TO anon;
        """, database: "odd")
      for _ in 0..<2 { try await server.psql(file: world.path("schema.sql"), database: "odd") }
      let seen = try await server.psql(
        """
        SET ROLE anon; INSERT INTO learning_events (event_type, approved) VALUES ('edited', true);
        SELECT count(*) FROM learning_events;
        RESET ROLE; SET ROLE service_role;
        INSERT INTO learning_events (event_type, approved, metadata) VALUES ('model_retrain', NULL, '{}');
        INSERT INTO learning_stats (model, accepted, rejected) VALUES ('m', 1, 0);
        INSERT INTO system_events (event_type) VALUES ('c');
        SELECT count(DISTINCT id) FROM system_events;
        """, database: "odd")
      #expect(seen.split(separator: "\n") == ["1", "3"], "\(seen)")
      // Without the view the rate takes a 1; with one in a table's place, it says so.
      try await server.psql("DROP VIEW uses", database: "odd")
      try await server.psql(file: world.path("schema.sql"), database: "odd")
      try await server.psql(
        """
        INSERT INTO learning_stats (accept_rate) VALUES (1);
        DROP TABLE learning_samples; CREATE VIEW learning_samples AS SELECT 1 AS id;
        """, database: "odd")
      await #expect {
        try await server.psql(file: world.path("schema.sql"), database: "odd")
      } throws: {
        "\($0)".contains("public.learning_samples is a view")
      }
    }
  }

  /// A Postgres server on a socket of its own, which ends with the world, or by itself.
  private struct Server {
    /// Seconds after which it ends by itself.
    static let lifetime = "100"
    let bin: String
    let world: World
    let directory: String

    init(_ bin: String, in world: World) async throws {
      self.bin = bin
      self.world = world
      directory = world.path("postgres")
      mkdir(directory, 0o700)
      if geteuid() == 0, let user = getpwnam("postgres") {
        // It refuses to be root.
        chmod(world.directory, 0o755)
        chown(directory, user.pointee.pw_uid, user.pointee.pw_gid)
      }
      let made = try start([bin + "/initdb", "-D", directory + "/data", "-A", "trust", "-N", "--no-instructions"])
      let end = try await made.waitForEnd(deadline: 60)
      guard end == .exit(0) else { throw HarnessFailure("initdb: \(made.error)") }
      let server = try start([
        "/usr/bin/timeout", Self.lifetime, bin + "/postgres", "-D", directory + "/data", "-k", directory, "-c",
        "listen_addresses=", "-F",
      ])
      let socket = directory + "/.s.PGSQL.5432"
      try await waitUntil("the server", deadline: 60) {
        if server.end != nil { throw HarnessFailure("postgres: \(server.error)") }
        return Files.exists(socket) && server.error.contains("ready to accept connections")
      }
    }

    private func start(_ words: [String]) throws -> Child {
      guard geteuid() == 0 else { return try world.start(words[0], Array(words.dropFirst())) }
      return try world.start("/usr/sbin/runuser", ["-u", "postgres", "--"] + words)
    }

    /// Runs SQL.
    func run(_ sql: String, database: String) async throws -> Finished {
      let child = try start([
        bin + "/psql", "-h", directory, "-d", database, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql,
      ])
      return Finished(end: try await child.waitForEnd(), output: child.output, error: child.error)
    }

    /// Runs SQL that has to work.
    @discardableResult
    func psql(_ sql: String, database: String = "postgres") async throws -> String {
      var output = ""
      // CREATE DATABASE stands alone.
      let statements = sql.contains("CREATE DATABASE") ? sql.split(separator: ";").map(String.init) : [sql]
      for statement in statements where statement.contains(" ") {
        let finished = try await run(statement, database: database)
        guard finished.code == 0 else { throw HarnessFailure("psql: \(finished.error)") }
        output += finished.output
      }
      return output
    }

    /// Runs a file that has to work.
    func psql(file: String, database: String) async throws {
      let child = try start([
        bin + "/psql", "-h", directory, "-d", database, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", file,
      ])
      let end = try await child.waitForEnd()
      guard end == .exit(0) else { throw HarnessFailure("psql -f: \(child.error)") }
    }
  }
}
