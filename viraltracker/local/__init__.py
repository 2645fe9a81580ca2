"""The embedded Supabase: PostgreSQL and PostgREST as local processes, with hosted Supabase's roles and keys."""
