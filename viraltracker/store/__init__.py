"""The only door to Supabase: the client, paging, migrations, and one module per table family."""
