/// The tables of the store as SQL for Postgres, with the rights that Supabase does not give by itself.
public enum PostgresSchema {
  /// Safe to run again, and on a project that has some of the tables: what is there is kept and completed.
  public static let sql = """
    -- Tables of retraind for Postgres and Supabase. Paste it into the SQL editor, or: retraind schema --postgres | psql
    -- It can be run again, and beside tables that exist: columns are added, nothing is dropped, and whoever could use
    -- them still can. New tables are for the service role alone.

    DO $$
    DECLARE
      name text;
    BEGIN
      FOREACH name IN ARRAY ARRAY['learning_stats', 'learning_events', 'system_events', 'learning_samples'] LOOP
        IF EXISTS (SELECT FROM pg_views WHERE schemaname = 'public' AND viewname = name) THEN
          RAISE EXCEPTION 'public.% is a view, which takes no columns: take its lines out of this script, and its name out of the lists', name;
        END IF;
        IF to_regclass('public.' || name) IS NULL THEN
          EXECUTE format('CREATE TABLE public.%I (id uuid PRIMARY KEY DEFAULT gen_random_uuid())', name);
          EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', name);
        END IF;
        EXECUTE format('ALTER TABLE public.%I ADD COLUMN IF NOT EXISTS id uuid DEFAULT gen_random_uuid()', name);
      END LOOP;
    END
    $$;

    ALTER TABLE public.learning_stats
      ADD COLUMN IF NOT EXISTS timestamp timestamptz,
      ADD COLUMN IF NOT EXISTS model text,
      ADD COLUMN IF NOT EXISTS model_version text,
      ADD COLUMN IF NOT EXISTS window_minutes integer,
      ADD COLUMN IF NOT EXISTS total_events integer,
      ADD COLUMN IF NOT EXISTS accepted integer,
      ADD COLUMN IF NOT EXISTS rejected integer,
      ADD COLUMN IF NOT EXISTS edited integer,
      ADD COLUMN IF NOT EXISTS accept_rate double precision,
      ADD COLUMN IF NOT EXISTS avg_accepted_confidence double precision,
      ADD COLUMN IF NOT EXISTS avg_rejected_confidence double precision,
      ADD COLUMN IF NOT EXISTS confidence_gap double precision,
      ADD COLUMN IF NOT EXISTS metrics jsonb,
      ADD COLUMN IF NOT EXISTS created_at timestamptz DEFAULT now();
    -- A rate of 1 does not fit into the numeric(3,3) of older tables.
    DO $$
    BEGIN
      IF EXISTS (
        SELECT FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 'learning_stats'
          AND column_name = 'accept_rate' AND is_generated = 'NEVER' AND numeric_precision <= numeric_scale
      ) THEN
        ALTER TABLE public.learning_stats ALTER COLUMN accept_rate TYPE double precision;
      END IF;
    EXCEPTION WHEN feature_not_supported THEN
      RAISE WARNING 'learning_stats.accept_rate cannot hold 1, and a view uses it: drop the view, run this again, and make it anew';
    END
    $$;
    CREATE INDEX IF NOT EXISTS learning_stats_newest ON public.learning_stats (timestamp DESC, id DESC);

    ALTER TABLE public.learning_events
      ADD COLUMN IF NOT EXISTS submission_id uuid,
      ADD COLUMN IF NOT EXISTS event_type text,
      ADD COLUMN IF NOT EXISTS approved boolean,
      ADD COLUMN IF NOT EXISTS model_version text,
      ADD COLUMN IF NOT EXISTS confidence_score double precision,
      ADD COLUMN IF NOT EXISTS metadata jsonb,
      ADD COLUMN IF NOT EXISTS created_at timestamptz DEFAULT now();
    -- A retrain is neither an approval nor a rejection: its row has no word on that.
    ALTER TABLE public.learning_events ALTER COLUMN approved DROP NOT NULL;
    ALTER TABLE public.learning_events ALTER COLUMN approved DROP DEFAULT;
    CREATE INDEX IF NOT EXISTS learning_events_newest ON public.learning_events (event_type, created_at DESC);

    ALTER TABLE public.system_events
      ADD COLUMN IF NOT EXISTS timestamp timestamptz DEFAULT now(),
      ADD COLUMN IF NOT EXISTS event_type text,
      ADD COLUMN IF NOT EXISTS notes text,
      ADD COLUMN IF NOT EXISTS metadata jsonb;
    CREATE INDEX IF NOT EXISTS system_events_newest ON public.system_events (timestamp DESC);

    ALTER TABLE public.learning_samples
      ADD COLUMN IF NOT EXISTS created_at timestamptz DEFAULT now(),
      ADD COLUMN IF NOT EXISTS model text,
      ADD COLUMN IF NOT EXISTS model_version text,
      ADD COLUMN IF NOT EXISTS prompt text,
      ADD COLUMN IF NOT EXISTS completion text,
      ADD COLUMN IF NOT EXISTS correction text,
      ADD COLUMN IF NOT EXISTS approved boolean,
      ADD COLUMN IF NOT EXISTS metadata jsonb;
    CREATE INDEX IF NOT EXISTS learning_samples_newest ON public.learning_samples (model, created_at DESC);

    -- Events are looked for by what their metadata says. In tables where that is text, they are read through.
    DO $$
    DECLARE
      name text;
    BEGIN
      FOR name IN SELECT table_name FROM information_schema.columns WHERE table_schema = 'public'
        AND table_name IN ('learning_events', 'system_events') AND column_name = 'metadata'
        AND data_type IN ('json', 'jsonb') LOOP
        EXECUTE format(
          'CREATE INDEX IF NOT EXISTS %I ON public.%I ((metadata->>''event_id'')) WHERE metadata->>''event_id'' IS NOT NULL',
          name || '_event_id', name);
      END LOOP;
    END
    $$;

    -- Supabase no longer grants new tables to any role, and its service role passes by row-level security; elsewhere
    -- the policies let it through.
    DO $$
    DECLARE
      name text;
      counter text;
    BEGIN
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'service_role') THEN
        RAISE NOTICE 'there is no role service_role: grant the tables to the role that retraind uses';
        RETURN;
      END IF;
      GRANT USAGE ON SCHEMA public TO service_role;
      FOREACH name IN ARRAY ARRAY['learning_stats', 'learning_events', 'system_events', 'learning_samples'] LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON public.%I TO service_role', name);
        -- Ids that are counted.
        counter := pg_get_serial_sequence('public.' || name, 'id');
        IF counter IS NOT NULL THEN
          EXECUTE format('GRANT USAGE ON SEQUENCE %s TO service_role', counter);
        END IF;
        IF (SELECT relrowsecurity FROM pg_class WHERE oid = ('public.' || name)::regclass) THEN
          EXECUTE format('DROP POLICY IF EXISTS retraind_service ON public.%I', name);
          EXECUTE format(
            'CREATE POLICY retraind_service ON public.%I FOR ALL TO service_role USING (true) WITH CHECK (true)', name);
        END IF;
      END LOOP;
    END
    $$;

    -- PostgREST reads its catalogue again.
    NOTIFY pgrst, 'reload schema';
    """
}
