"""The embedded Supabase, on the real PostgreSQL and PostgREST."""
