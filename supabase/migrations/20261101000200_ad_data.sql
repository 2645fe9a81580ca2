-- What Meta and imported files say. Money is numeric beside its currency; NULL was not reported, 0 did not happen.

create table public.ad_accounts (
    brand_id uuid not null references public.brands on delete cascade,
    account_id text not null check (account_id ~ '^act_[0-9]{1,20}$'),
    source text not null check (source in ('meta', 'demo')),
    name text,
    currency text check (currency ~ '^[A-Z]{3}$'),
    timezone text,
    attribution_setting text,
    status text not null default 'active' check (status in ('active', 'needs_reauth', 'unreachable')),
    status_reason text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (brand_id, account_id)
);

create table public.ad_account_secrets (
    brand_id uuid not null,
    account_id text not null,
    access_token text not null,
    updated_at timestamptz not null default now(),
    primary key (brand_id, account_id),
    foreign key (brand_id, account_id) references public.ad_accounts on delete cascade
);

create table public.campaigns (
    brand_id uuid not null references public.brands on delete cascade,
    campaign_id text not null,
    account_id text not null,
    name text,
    objective text,
    effective_status text,
    created_time timestamptz,
    updated_at timestamptz not null default now(),
    primary key (brand_id, campaign_id)
);

create table public.ad_sets (
    brand_id uuid not null references public.brands on delete cascade,
    ad_set_id text not null,
    account_id text not null,
    campaign_id text,
    name text,
    effective_status text,
    optimization_goal text,
    learning_status text,
    created_time timestamptz,
    updated_at timestamptz not null default now(),
    primary key (brand_id, ad_set_id)
);

create table public.ads (
    brand_id uuid not null references public.brands on delete cascade,
    ad_id text not null,
    account_id text not null,
    ad_set_id text,
    campaign_id text,
    name text,
    effective_status text,
    primary_text text,
    headline text,
    description text,
    cta text,
    link_url text,
    object_type text,
    creative_id text,
    video_id text,
    image_hash text,
    created_time timestamptz,
    updated_time timestamptz,
    creative_changed_at timestamptz,
    updated_at timestamptz not null default now(),
    primary key (brand_id, ad_id)
);

create table public.ad_performance_daily (
    brand_id uuid not null references public.brands on delete cascade,
    ad_id text not null,
    date date not null,
    account_id text not null,
    currency text not null,
    impressions bigint,
    spend numeric(18, 6),
    reach bigint,
    clicks bigint,
    link_clicks bigint,
    outbound_clicks bigint,
    landing_page_views bigint,
    adds_to_cart bigint,
    checkouts bigint,
    purchases bigint,
    purchase_value numeric(18, 6),
    purchase_key text,
    results numeric(18, 6),
    result_type text,
    video_3s bigint,
    thruplays bigint,
    video_p25 bigint,
    video_p50 bigint,
    video_p75 bigint,
    video_p95 bigint,
    video_p100 bigint,
    actions jsonb,
    action_values jsonb,
    attribution_setting text,
    is_partial boolean not null default false,
    fetched_at timestamptz not null default now(),
    primary key (brand_id, ad_id, date)
);
create index ad_performance_daily_by_account_day on public.ad_performance_daily (brand_id, account_id, date);

create table public.account_day_snapshots (
    brand_id uuid not null references public.brands on delete cascade,
    account_id text not null,
    date date not null,
    seen_on date not null,
    impressions bigint,
    spend numeric(18, 6),
    link_clicks bigint,
    purchases bigint,
    purchase_value numeric(18, 6),
    results numeric(18, 6),
    primary key (brand_id, account_id, date, seen_on)
);

create table public.sync_chunks (
    brand_id uuid not null references public.brands on delete cascade,
    account_id text not null,
    date_from date not null,
    date_to date not null,
    status text not null check (status in ('done', 'failed')),
    rows integer,
    error text,
    report_run_id text,
    attempted_at timestamptz not null default now(),
    primary key (brand_id, account_id, date_from, date_to),
    check (date_from <= date_to)
);

create table public.dataset_status (
    brand_id uuid not null references public.brands on delete cascade,
    account_id text not null,
    dataset text not null check (dataset in ('insights', 'ads', 'assets', 'classification', 'analysis')),
    last_attempt_at timestamptz not null default now(),
    last_success_at timestamptz,
    last_error text,
    primary key (brand_id, account_id, dataset)
);

create table public.import_datasets (
    id uuid primary key default gen_random_uuid(),
    brand_id uuid not null references public.brands on delete cascade,
    file_name text not null,
    file_sha256 text not null check (file_sha256 ~ '^[0-9a-f]{64}$'),
    storage_key text,
    status text not null default 'loading' check (status in ('loading', 'ready')),
    level text,
    daily boolean not null default false,
    date_from date not null,
    date_to date not null,
    account_id text,
    account_name text,
    currency text not null,
    attribution_setting text,
    has_text boolean not null default false,
    breakdowns text[] not null default '{}',
    columns jsonb not null default '[]',
    metrics text[] not null default '{}',
    totals jsonb,
    account_level jsonb not null default '{}',
    bad_rows jsonb not null default '[]',
    reconciliation jsonb not null default '[]',
    reconciles boolean,
    records integer not null default 0,
    ad_keys integer not null default 0,
    impressions bigint,
    spend numeric(18, 6),
    imported_at timestamptz not null default now(),
    check (date_from <= date_to)
);
create unique index import_datasets_by_file on public.import_datasets (brand_id, file_sha256);

create table public.ad_performance_period (
    dataset_id uuid not null references public.import_datasets on delete cascade,
    ad_key text not null,
    date_from date not null,
    date_to date not null,
    brand_id uuid not null references public.brands on delete cascade,
    campaign_name text,
    ad_set_name text,
    ad_name text,
    primary_text text,
    headline text,
    description text,
    merged_rows integer not null default 1,
    impressions bigint,
    spend numeric(18, 6),
    reach bigint,
    clicks bigint,
    link_clicks bigint,
    outbound_clicks bigint,
    landing_page_views bigint,
    adds_to_cart bigint,
    checkouts bigint,
    purchases bigint,
    purchase_value numeric(18, 6),
    results numeric(18, 6),
    result_type text,
    video_3s bigint,
    thruplays bigint,
    video_p25 bigint,
    video_p50 bigint,
    video_p75 bigint,
    video_p95 bigint,
    video_p100 bigint,
    primary key (dataset_id, ad_key, date_from, date_to)
);
create index ad_performance_period_by_brand on public.ad_performance_period (brand_id);

create table public.ad_assets (
    brand_id uuid not null references public.brands on delete cascade,
    ad_id text not null,
    kind text not null check (kind in ('image', 'video')),
    source_key text not null,
    storage_key text,
    sha256 text,
    mime text,
    bytes bigint,
    duration_s numeric(10, 3),
    status text not null check (status in ('stored', 'no_source', 'forbidden', 'gone', 'too_large', 'failed')),
    reason text,
    tries integer not null default 1,
    updated_at timestamptz not null default now(),
    primary key (brand_id, ad_id, kind)
);
comment on column public.ad_assets.source_key is 'Meta''s image hash or video id: what was fetched, so that a changed creative is fetched again.';

do $$
declare
    t text;
begin
    foreach t in array array['ad_accounts', 'ad_account_secrets', 'campaigns', 'ad_sets', 'ads', 'ad_performance_daily',
        'account_day_snapshots', 'sync_chunks', 'dataset_status', 'import_datasets', 'ad_performance_period', 'ad_assets']
    loop
        execute format('alter table public.%I enable row level security', t);
        execute format('revoke all on public.%I from anon, authenticated', t);
        -- Tokens are for the worker alone: no grant and no policy, so a browser role cannot even ask.
        if t <> 'ad_account_secrets' then
            execute format('grant select on public.%I to authenticated', t);
            execute format('create policy members_read on public.%I for select to authenticated
                            using (brand_id in (select app.my_brands()))', t);
        end if;
    end loop;
end $$;

insert into storage.buckets (id, name, public) values ('assets', 'assets', false), ('imports', 'imports', false)
on conflict (id) do nothing;
