-- What was read from creatives, and what was concluded about ads.

create table public.ad_intelligence_runs (
    id uuid primary key default gen_random_uuid(),
    brand_id uuid not null references public.brands on delete cascade,
    goal text not null check (goal in ('full_analysis', 'background_classification')),
    job_run_id uuid references public.scheduled_job_runs on delete set null,
    source text check (source in ('api', 'import')),
    dataset_id uuid references public.import_datasets on delete set null,
    date_from date,
    date_to date,
    days integer,
    scope text,
    data_version bigint,
    config jsonb not null default '{}',
    config_hash text,
    classifier text,
    status text not null default 'running' check (status in ('running', 'completed', 'failed')),
    error text,
    summary jsonb,
    blocks jsonb,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    check ((finished_at is not null) = (status <> 'running'))
);
comment on column public.ad_intelligence_runs.scope is 'The family of questions an analysis belongs to: source kind and days, or the period of an import, and the last day where one was asked for. Its newest run is its last word.';
create index ad_intelligence_runs_newest on public.ad_intelligence_runs (brand_id, goal, started_at desc);
create index ad_intelligence_runs_by_job_run on public.ad_intelligence_runs (job_run_id);

-- A run that was stopped stays open for its next attempt; when its job ends for good without success, so does it.
create function app.close_intelligence_of_ended_job() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    update public.ad_intelligence_runs set status = 'failed', finished_at = now(),
        error = coalesce(new.error_message, 'The job was ' || replace(new.state, '_', ' ') || '.')
    where job_run_id = new.id and status = 'running';
    return null;
end $$;
revoke all on function app.close_intelligence_of_ended_job() from public, anon, authenticated;
create trigger close_intelligence after update of state on public.scheduled_job_runs
    for each row when (new.state in ('failed', 'cancelled', 'timed_out'))
    execute function app.close_intelligence_of_ended_job();

create table public.ad_creative_classifications (
    id uuid primary key default gen_random_uuid(),
    brand_id uuid not null references public.brands on delete cascade,
    reading text not null check (reading in ('creative', 'copy', 'landing')),
    input_hash text not null check (input_hash ~ '^[0-9a-f]{64}$'),
    prompt_version text not null,
    classifier text not null,
    run_id uuid references public.ad_intelligence_runs on delete set null,
    awareness text check (awareness in
        ('unaware', 'problem_aware', 'solution_aware', 'product_aware', 'most_aware', 'unclear')),
    awareness_second text,
    awareness_confidence numeric(4, 3) check (awareness_confidence between 0 and 1),
    format text,
    hook text,
    angle text,
    video_length text,
    labels jsonb not null default '{}',
    evidence jsonb not null default '[]',
    superseded_at timestamptz,
    created_at timestamptz not null default now()
);
create unique index ad_creative_classifications_once on public.ad_creative_classifications
    (brand_id, reading, input_hash, prompt_version, classifier) where superseded_at is null;
create index ad_creative_classifications_by_run on public.ad_creative_classifications (run_id);

-- Which input each reading of an ad has now. The rows that cover it share (brand, reading, input_hash).
create table public.ad_classification_links (
    brand_id uuid not null references public.brands on delete cascade,
    ad_id text not null,
    reading text not null check (reading in ('creative', 'copy', 'landing')),
    input_hash text not null,
    linked_at timestamptz not null default now(),
    primary key (brand_id, ad_id, reading)
);
create index ad_classification_links_by_hash on public.ad_classification_links (brand_id, reading, input_hash);

create table public.ad_intelligence_baselines (
    id bigint generated always as identity primary key,
    run_id uuid not null references public.ad_intelligence_runs on delete cascade,
    brand_id uuid not null references public.brands on delete cascade,
    cohort text not null,
    metric text not null,
    detail jsonb not null
);
create index ad_intelligence_baselines_by_run on public.ad_intelligence_baselines (run_id);

create table public.ad_intelligence_diagnostics (
    id bigint generated always as identity primary key,
    run_id uuid not null references public.ad_intelligence_runs on delete cascade,
    brand_id uuid not null references public.brands on delete cascade,
    ad_id text,
    diagnosis text not null,
    verdict text not null,
    probability numeric(6, 5),
    reason text not null,
    detail jsonb not null
);
create index ad_intelligence_diagnostics_by_run on public.ad_intelligence_diagnostics (run_id);
create index ad_intelligence_diagnostics_by_ad on public.ad_intelligence_diagnostics (brand_id, ad_id);

create table public.ad_intelligence_recommendations (
    id uuid primary key default gen_random_uuid(),
    run_id uuid not null references public.ad_intelligence_runs on delete cascade,
    brand_id uuid not null references public.brands on delete cascade,
    scope text not null,
    cause_key text not null,
    category text not null,
    action text not null,
    title text not null,
    why text not null,
    ad_ids text[] not null default '{}',
    money_per_week numeric(18, 6),
    confidence numeric(4, 3),
    detail jsonb not null,
    state text not null default 'pending' check (state in
        ('pending', 'acknowledged', 'acted_on', 'partially_acted', 'ignored', 'dismissed')),
    state_reason text,
    note text,
    state_changed_at timestamptz,
    superseded_at timestamptz,
    created_at timestamptz not null default now()
);
-- Of one cause one row stands per scope, whatever was answered to it: an answer outlives the runs that say it again.
create unique index ad_intelligence_recommendations_open
    on public.ad_intelligence_recommendations (brand_id, scope, cause_key) where superseded_at is null;
create index ad_intelligence_recommendations_by_run on public.ad_intelligence_recommendations (run_id);

create table public.chat_sessions (
    id uuid primary key default gen_random_uuid(),
    brand_id uuid not null references public.brands on delete cascade,
    user_id uuid not null default auth.uid() references auth.users on delete cascade,
    title text,
    created_at timestamptz not null default now(),
    unique (id, brand_id)
);
create index chat_sessions_by_user on public.chat_sessions (user_id, created_at desc);

create table public.chat_messages (
    id bigint generated always as identity primary key,
    session_id uuid not null,
    brand_id uuid not null references public.brands on delete cascade,
    role text not null check (role in ('user', 'assistant')),
    content text not null,
    tool_results jsonb not null default '[]',
    created_at timestamptz not null default now(),
    foreign key (session_id, brand_id) references public.chat_sessions (id, brand_id) on delete cascade
);
create index chat_messages_by_session on public.chat_messages (session_id, id);

do $$
declare
    t text;
begin
    foreach t in array array['ad_intelligence_runs', 'ad_creative_classifications', 'ad_classification_links',
        'ad_intelligence_baselines', 'ad_intelligence_diagnostics', 'ad_intelligence_recommendations']
    loop
        execute format('alter table public.%I enable row level security', t);
        execute format('revoke all on public.%I from anon, authenticated', t);
        execute format('grant select on public.%I to authenticated', t);
        execute format('create policy members_read on public.%I for select to authenticated
                        using (brand_id in (select app.my_brands()))', t);
    end loop;
    foreach t in array array['chat_sessions', 'chat_messages'] loop
        execute format('alter table public.%I enable row level security', t);
        execute format('revoke all on public.%I from anon, authenticated', t);
        execute format('grant select, insert, delete on public.%I to authenticated', t);
    end loop;
end $$;

grant update (state, state_reason, note, state_changed_at) on public.ad_intelligence_recommendations to authenticated;
create policy editors_update on public.ad_intelligence_recommendations for update to authenticated
    using (brand_id in (select app.my_writable_brands())) with check (brand_id in (select app.my_writable_brands()));

-- A chat is its writer's own, a viewer's too.
create function app.my_chat_sessions() returns setof uuid
language sql stable security definer set search_path = '' as $$
    select s.id from public.chat_sessions s
    where s.user_id = auth.uid() and s.brand_id in (select app.my_brands())
$$;
revoke all on function app.my_chat_sessions() from public, anon, authenticated;
grant execute on function app.my_chat_sessions() to authenticated, service_role;

create policy own on public.chat_sessions for all to authenticated
    using (user_id = (select auth.uid()) and brand_id in (select app.my_brands()))
    with check (user_id = (select auth.uid()) and brand_id in (select app.my_brands()));
create policy own on public.chat_messages for all to authenticated
    using (session_id in (select app.my_chat_sessions()))
    with check (session_id in (select app.my_chat_sessions()));

-- Identity columns need no grant; a hand on their sequence could make every later write of a log fail.
revoke all on all sequences in schema public from anon, authenticated;
