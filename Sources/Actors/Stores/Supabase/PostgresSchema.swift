/// The tables of the store as SQL for Postgres, with the rights that Supabase does not give by itself.
public enum PostgresSchema {
  /// Safe to run again, and on a project that has some of the tables: what is there is kept and completed.
  public static let sql = """
    -- Tables of retraind for Postgres and Supabase. Paste it into the SQL editor, or: retraind schema --postgres | psql
    -- It can be run again, and beside tables that exist: columns are added, nothing is dropped.

    CREATE TABLE IF NOT EXISTS public.learning_stats (id uuid PRIMARY KEY DEFAULT gen_random_uuid());
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
    ALTER TABLE public.learning_stats ALTER COLUMN accept_rate TYPE double precision;
    CREATE INDEX IF NOT EXISTS learning_stats_newest ON public.learning_stats (timestamp DESC, id DESC);

    CREATE TABLE IF NOT EXISTS public.learning_events (id uuid PRIMARY KEY DEFAULT gen_random_uuid());
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
    CREATE INDEX IF NOT EXISTS learning_events_event_id ON public.learning_events ((metadata->>'event_id'))
      WHERE metadata->>'event_id' IS NOT NULL;

    CREATE TABLE IF NOT EXISTS public.system_events (id uuid PRIMARY KEY DEFAULT gen_random_uuid());
    ALTER TABLE public.system_events
      ADD COLUMN IF NOT EXISTS timestamp timestamptz DEFAULT now(),
      ADD COLUMN IF NOT EXISTS event_type text,
      ADD COLUMN IF NOT EXISTS notes text,
      ADD COLUMN IF NOT EXISTS metadata jsonb;
    CREATE INDEX IF NOT EXISTS system_events_newest ON public.system_events (timestamp DESC);
    CREATE INDEX IF NOT EXISTS system_events_event_id ON public.system_events ((metadata->>'event_id'))
      WHERE metadata->>'event_id' IS NOT NULL;

    CREATE TABLE IF NOT EXISTS public.learning_samples (id uuid PRIMARY KEY DEFAULT gen_random_uuid());
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

    -- Nobody but the service role may see or write them. Supabase no longer grants new tables to any role, and its
    -- service role passes by row-level security; elsewhere the policies let it through.
    ALTER TABLE public.learning_stats ENABLE ROW LEVEL SECURITY;
    ALTER TABLE public.learning_events ENABLE ROW LEVEL SECURITY;
    ALTER TABLE public.system_events ENABLE ROW LEVEL SECURITY;
    ALTER TABLE public.learning_samples ENABLE ROW LEVEL SECURITY;
    DO $$
    DECLARE
      name text;
    BEGIN
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'service_role') THEN
        RAISE NOTICE 'there is no role service_role: grant the tables to the role that retraind uses';
        RETURN;
      END IF;
      GRANT USAGE ON SCHEMA public TO service_role;
      FOREACH name IN ARRAY ARRAY['learning_stats', 'learning_events', 'system_events', 'learning_samples'] LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON public.%I TO service_role', name);
        EXECUTE format('DROP POLICY IF EXISTS retraind_service ON public.%I', name);
        EXECUTE format(
          'CREATE POLICY retraind_service ON public.%I FOR ALL TO service_role USING (true) WITH CHECK (true)', name);
      END LOOP;
    END
    $$;

    -- PostgREST reads its catalogue again.
    NOTIFY pgrst, 'reload schema';
    """
}
