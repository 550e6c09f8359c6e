internal import Platform

/// The journal's own tables and the steps that lead to them.
enum JournalSchema {
  /// `RTRD` in the header of the file.
  static let applicationID: Int32 = 0x5254_5244

  /// Every step ever released, oldest first; a released step is never changed.
  static var migrations: SQLiteMigrations {
    SQLiteMigrations(
      applicationID: applicationID,
      steps: [
        { database in
          try EmbeddedTables.create(in: database)
          try database.execute(script: ownTables)
        },
        { database in try database.execute(script: mirrorTable) },
        { database in try EmbeddedTables.indexEvents(in: database) },
        { database in try database.execute(script: noticeTables) },
      ])
  }

  /// Cycles as another store had them when it was last looked at: `look` counts those looks.
  private static let mirrorTable = """
    CREATE TABLE retraind_mirror (
      id TEXT PRIMARY KEY NOT NULL,
      timestamp TEXT,
      model TEXT,
      model_version TEXT,
      window_minutes INTEGER,
      total_events INTEGER,
      accepted INTEGER,
      rejected INTEGER,
      edited INTEGER,
      accept_rate REAL,
      look INTEGER NOT NULL
    );
    CREATE INDEX retraind_mirror_newest ON retraind_mirror(model, timestamp DESC, id DESC);
    CREATE INDEX retraind_mirror_time ON retraind_mirror(timestamp);
    """

  /// Notices on their way to people, one row for each sink, and what people were last told of each subject.
  private static let noticeTables = """
    CREATE TABLE retraind_notifications (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      event_id TEXT NOT NULL,
      sink TEXT NOT NULL,
      kind TEXT NOT NULL,
      model TEXT,
      text TEXT NOT NULL,
      details TEXT NOT NULL,
      state TEXT NOT NULL,
      why TEXT,
      attempts INTEGER NOT NULL,
      last_error TEXT,
      failed_at TEXT,
      next_attempt_at TEXT NOT NULL,
      created_at TEXT NOT NULL,
      ended_at TEXT,
      UNIQUE (event_id, sink)
    );
    CREATE INDEX retraind_notifications_sink ON retraind_notifications(sink, state, id);
    CREATE INDEX retraind_notifications_state ON retraind_notifications(state, id);

    CREATE TABLE retraind_standings (
      key TEXT PRIMARY KEY NOT NULL,
      value TEXT NOT NULL,
      since TEXT NOT NULL
    ) WITHOUT ROWID;
    """

  private static let ownTables = """
    CREATE TABLE retraind_runs (
      id TEXT PRIMARY KEY NOT NULL,
      model TEXT NOT NULL,
      kind TEXT NOT NULL,
      "trigger" TEXT NOT NULL,
      state TEXT NOT NULL,
      stage TEXT NOT NULL,
      attempt INTEGER NOT NULL,
      fence INTEGER NOT NULL,
      result TEXT,
      error TEXT,
      requested_at TEXT NOT NULL,
      started_at TEXT,
      ended_at TEXT,
      retry_at TEXT,
      digest_before TEXT,
      digest_after TEXT,
      average_accept_rate REAL,
      threshold REAL,
      cycles_used INTEGER,
      event_id TEXT,
      decision_id INTEGER,
      configuration TEXT NOT NULL,
      progress_bytes INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX retraind_runs_model ON retraind_runs(model);
    CREATE INDEX retraind_runs_state ON retraind_runs(state);

    CREATE TABLE retraind_run_steps (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      run TEXT NOT NULL REFERENCES retraind_runs(id) ON DELETE CASCADE,
      at TEXT NOT NULL,
      attempt INTEGER NOT NULL,
      fence INTEGER NOT NULL,
      state TEXT NOT NULL,
      stage TEXT NOT NULL,
      detail TEXT
    );
    CREATE INDEX retraind_run_steps_run ON retraind_run_steps(run, id);

    CREATE TABLE retraind_decisions (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      at TEXT NOT NULL,
      model TEXT,
      verdict TEXT NOT NULL,
      average REAL,
      threshold REAL NOT NULL,
      have INTEGER NOT NULL,
      need INTEGER NOT NULL,
      accepted INTEGER NOT NULL,
      judged INTEGER NOT NULL,
      interval_low REAL,
      interval_high REAL,
      rule TEXT NOT NULL,
      rule_hash TEXT NOT NULL,
      reason TEXT NOT NULL,
      action TEXT NOT NULL,
      why TEXT NOT NULL,
      digest TEXT,
      run TEXT,
      used TEXT NOT NULL,
      left_out TEXT NOT NULL
    );
    CREATE INDEX retraind_decisions_model ON retraind_decisions(model, id DESC);

    CREATE TABLE retraind_outbox (
      event_id TEXT PRIMARY KEY NOT NULL,
      run TEXT NOT NULL,
      model TEXT NOT NULL,
      type TEXT NOT NULL,
      notes TEXT NOT NULL,
      average_accept_rate REAL,
      threshold REAL NOT NULL,
      stats_window_size INTEGER NOT NULL,
      triggered_at TEXT NOT NULL,
      model_version TEXT,
      state TEXT NOT NULL,
      delivered_to TEXT,
      why TEXT,
      attempts INTEGER NOT NULL,
      last_error TEXT,
      next_attempt_at TEXT NOT NULL,
      created_at TEXT NOT NULL,
      delivered_at TEXT
    );
    CREATE INDEX retraind_outbox_next ON retraind_outbox(state, next_attempt_at);

    CREATE TABLE retraind_models (
      model TEXT PRIMARY KEY NOT NULL,
      fired_through TEXT,
      last_run_ended TEXT,
      last_change TEXT,
      window_start TEXT,
      failures INTEGER NOT NULL,
      retry_at TEXT,
      retry_run TEXT,
      active_run TEXT,
      circuit TEXT NOT NULL,
      circuit_reason TEXT
    ) WITHOUT ROWID;

    CREATE TABLE retraind_meta (
      key TEXT PRIMARY KEY NOT NULL,
      value TEXT
    ) WITHOUT ROWID;
    """
}
