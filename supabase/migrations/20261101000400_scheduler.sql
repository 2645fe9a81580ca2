-- Schedules, their runs, and what the workers say about them. The functions are in the next migration.

create table public.scheduled_jobs (
    id uuid primary key default gen_random_uuid(),
    brand_id uuid not null references public.brands on delete cascade,
    job_type text not null check (job_type ~ '^[a-z][a-z0-9_]{1,60}$'),
    name text not null check (length(trim(name)) between 1 and 200),
    parameters jsonb not null default '{}' check (jsonb_typeof(parameters) = 'object'),
    schedule_type text not null check (schedule_type in ('recurring', 'one_time')),
    cron_expression text,
    timezone text not null default 'UTC',
    revision integer not null default 1,
    next_run_at timestamptz,
    start_at timestamptz,
    end_at timestamptz,
    max_runs integer check (max_runs > 0),
    runs_started integer not null default 0,
    misfire_policy text not null default 'latest' check (misfire_policy in ('latest', 'none', 'all')),
    misfire_window_s integer not null default 86400 check (misfire_window_s between 60 and 2678400),
    overlap_policy text not null default 'skip'
        check (overlap_policy in ('skip', 'queue_one', 'allow', 'cancel_other')),
    jitter_s integer not null default 0 check (jitter_s between 0 and 3600),
    priority integer not null default 100 check (priority between 0 and 1000),
    max_attempts integer not null default 3 check (max_attempts between 1 and 20),
    timeout_s integer not null default 3600 check (timeout_s between 10 and 86400),
    status text not null default 'active' check (status in ('active', 'paused', 'completed', 'invalid', 'archived')),
    status_reason text,
    created_by uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    check ((schedule_type = 'recurring') = (cron_expression is not null)),
    check (status <> 'active' or next_run_at is not null),
    check (end_at is null or start_at is null or start_at < end_at),
    -- Not every client's calendar reaches as far as PostgreSQL's, nor to infinity.
    check (least(next_run_at, start_at, end_at) >= '2000-01-01 00:00:00+00'),
    check (greatest(next_run_at, start_at, end_at) < '2200-01-01 00:00:00+00')
);
create index scheduled_jobs_due on public.scheduled_jobs (next_run_at) where status = 'active';
create index scheduled_jobs_by_brand on public.scheduled_jobs (brand_id, created_at desc);

create table public.scheduled_job_runs (
    id uuid primary key default gen_random_uuid(),
    job_id uuid not null references public.scheduled_jobs on delete cascade,
    brand_id uuid not null references public.brands on delete cascade,
    job_type text not null,
    parameters jsonb not null,
    scheduled_for timestamptz not null,
    trigger text not null check (trigger in ('schedule', 'run_now', 'chain', 'retry', 'api')),
    retry_of uuid references public.scheduled_job_runs on delete set null,
    chained_from uuid references public.scheduled_job_runs on delete set null,
    idempotency_key text,
    claim_id uuid,
    run_at timestamptz not null default now(),
    priority integer not null default 100,
    max_attempts integer not null default 3,
    timeout_s integer not null default 3600,
    state text not null default 'queued'
        check (state in ('queued', 'running', 'succeeded', 'failed', 'cancelled', 'timed_out', 'skipped')),
    attempt integer not null default 0,
    interruptions integer not null default 0,
    lease_epoch integer not null default 0,
    lease_worker uuid,
    lease_until timestamptz,
    deadline_at timestamptz,
    cancel_requested_at timestamptz,
    progress jsonb,
    checkpoint jsonb,
    result jsonb,
    error_class text check (error_class in ('permanent', 'transient', 'rate_limited', 'needs_reauth', 'lost', 'timeout')),
    error_message text,
    reason text check (reason in ('overlap', 'missed_window', 'paused', 'superseded')),
    occurrences integer not null default 1 check (occurrences > 0),
    created_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz,
    check ((state = 'skipped') = (reason is not null)),
    check (state <> 'running' or (lease_worker is not null and lease_until is not null)),
    check ((finished_at is not null) = (state not in ('queued', 'running')))
);
comment on column public.scheduled_job_runs.occurrences is 'How many missed times of one outage a skipped row stands for.';
-- A key comes from outside, so it is a brand's own: another's use of it must neither swallow a run nor show it.
create unique index scheduled_job_runs_by_key on public.scheduled_job_runs (brand_id, idempotency_key);
create unique index scheduled_job_runs_once on public.scheduled_job_runs (job_id, scheduled_for) where trigger = 'schedule';
create index scheduled_job_runs_queue on public.scheduled_job_runs (priority, run_at, id) where state = 'queued';
create index scheduled_job_runs_leases on public.scheduled_job_runs (lease_until) where state = 'running';
create index scheduled_job_runs_by_claim on public.scheduled_job_runs (claim_id) where state = 'running';
create index scheduled_job_runs_by_job on public.scheduled_job_runs (job_id, created_at desc);
create index scheduled_job_runs_by_brand on public.scheduled_job_runs (brand_id, created_at desc);
create index scheduled_job_runs_by_retry on public.scheduled_job_runs (retry_of) where retry_of is not null;
create index scheduled_job_runs_by_chain on public.scheduled_job_runs (chained_from) where chained_from is not null;

create table public.job_run_events (
    id bigint generated always as identity primary key,
    run_id uuid not null references public.scheduled_job_runs on delete cascade,
    brand_id uuid not null references public.brands on delete cascade,
    at timestamptz not null default now(),
    level text not null check (level in ('info', 'warning', 'error')),
    step text,
    message text not null,
    data jsonb,
    key uuid,
    unique (run_id, key)
);
comment on column public.job_run_events.key is 'The reporter''s own, so that a report sent twice is one event.';
create index job_run_events_by_run on public.job_run_events (run_id, id);

create table public.scheduler_workers (
    id uuid primary key,
    name text not null,
    version text not null,
    slots integer not null,
    started_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    stopped_at timestamptz
);

create table public.concurrency_limits (
    scope text not null check (scope in ('global', 'job_type', 'organization', 'brand', 'brand_job_type')),
    key text not null,
    "limit" integer not null check ("limit" >= 0),
    primary key (scope, key)
);

create table public.alerts (
    id uuid primary key default gen_random_uuid(),
    cause_key text not null,
    brand_id uuid references public.brands on delete cascade,
    opened_at timestamptz not null default now(),
    closed_at timestamptz,
    text text not null
);
create unique index alerts_one_open on public.alerts (brand_id, cause_key) nulls not distinct where closed_at is null;
create index alerts_by_brand on public.alerts (brand_id);

-- Terminal states never change, whoever writes.
create function app.keep_terminal() returns trigger
language plpgsql set search_path = '' as $$
begin
    if old.state not in ('queued', 'running') and new.state is distinct from old.state then
        raise exception 'Run % is already %; it cannot become %.', old.id, old.state, new.state
            using errcode = '55000';
    end if;
    return new;
end $$;
revoke all on function app.keep_terminal() from public, anon, authenticated;
create trigger keep_terminal before update of state on public.scheduled_job_runs
    for each row execute function app.keep_terminal();

do $$
declare
    t text;
begin
    foreach t in array array['scheduled_jobs', 'scheduled_job_runs', 'job_run_events', 'scheduler_workers',
        'concurrency_limits', 'alerts']
    loop
        execute format('alter table public.%I enable row level security', t);
        execute format('revoke all on public.%I from anon, authenticated', t);
        execute format('grant select on public.%I to authenticated', t);
    end loop;
    foreach t in array array['scheduled_jobs', 'scheduled_job_runs', 'job_run_events', 'alerts']
    loop
        execute format('create policy members_read on public.%I for select to authenticated
                        using (brand_id in (select app.my_brands()))', t);
    end loop;
end $$;
-- Whether a worker is alive, and which limits hold for all, concerns every member of any organisation.
create policy members_read on public.scheduler_workers for select to authenticated
    using (exists (select app.my_organizations()));
create policy members_read on public.concurrency_limits for select to authenticated
    using (case scope
        when 'organization' then key in (select app.my_organizations()::text)
        when 'brand' then key in (select app.my_brands()::text)
        when 'brand_job_type' then split_part(key, ':', 1) in (select app.my_brands()::text)
        else exists (select app.my_organizations()) end);
