-- Readings by models: what was asked and paid, who has an input in hand, a month's money, what a video contains, how an
-- ad and its page fit, and the word of a person, which outranks them all.

alter table public.brands add column model_budget_usd numeric(12, 2) not null default 50
    check (model_budget_usd between 0 and 1000000);
comment on column public.brands.model_budget_usd is 'US dollars a calendar month (UTC) that readings by models may cost; 0 buys none.';
grant update (model_budget_usd) on public.brands to authenticated;

-- A batch of one provider's batch service. `submitting` until the provider has given it an id: a worker that died in
-- between looks for it there by its name, which is this row's id.
create table public.llm_batches (
    id uuid primary key,
    brand_id uuid not null references public.brands on delete cascade,
    run_id uuid references public.ad_intelligence_runs on delete set null,
    classifier text not null,
    force boolean not null default false,
    items integer not null check (items > 0),
    state text not null default 'submitting'
        check (state in ('submitting', 'submitted', 'collected', 'failed', 'not_submitted')),
    provider_batch_id text,
    files text[] not null default '{}',
    error text,
    created_at timestamptz not null default now(),
    submitted_at timestamptz,
    closed_at timestamptz
);
create index llm_batches_open on public.llm_batches (brand_id) where state in ('submitting', 'submitted');
create index llm_batches_by_run on public.llm_batches (run_id);

-- One row for each answer that was asked for. While it is in flight it is also the claim on its input: nobody else asks
-- for the same before `expires_at`. `lost` is a call whose answer nobody saw, counted at its estimate.
create table public.llm_calls (
    id uuid primary key default gen_random_uuid(),
    brand_id uuid not null references public.brands on delete cascade,
    run_id uuid references public.ad_intelligence_runs on delete set null,
    job_run_id uuid references public.scheduled_job_runs on delete set null,
    batch_id uuid references public.llm_batches on delete set null,
    classifier text not null,
    provider text not null,
    model text not null,
    purpose text not null check (purpose in ('creative', 'video', 'copy', 'landing', 'congruence')),
    reading text not null check (reading in ('creative', 'copy', 'landing', 'congruence')),
    input_hash text not null check (input_hash ~ '^[0-9a-f]{64}$'),
    prompt_version text not null,
    document text,
    state text not null default 'in_flight' check (state in ('in_flight', 'answered', 'unanswered', 'failed', 'lost')),
    reason text,
    detail text check (length(detail) <= 1000),
    requests integer not null default 0,
    input_tokens bigint not null default 0,
    output_tokens bigint not null default 0,
    cost_usd numeric(18, 9),
    estimated_usd numeric(18, 9) not null default 0,
    latency_ms integer,
    started_at timestamptz not null default now(),
    expires_at timestamptz not null,
    finished_at timestamptz,
    check ((finished_at is null) = (state = 'in_flight'))
);
comment on column public.llm_calls.document is 'Of a batch''s item only, until it is answered: what was asked about, to hold the answer''s quotes against.';
create unique index llm_calls_in_flight on public.llm_calls
    (brand_id, reading, input_hash, prompt_version, classifier) where state = 'in_flight';
create index llm_calls_by_input on public.llm_calls (brand_id, reading, input_hash, started_at desc);
create index llm_calls_newest on public.llm_calls (brand_id, started_at desc);
create index llm_calls_by_batch on public.llm_calls (batch_id) where batch_id is not null;
create index llm_calls_by_run on public.llm_calls (run_id);
create index llm_calls_by_job_run on public.llm_calls (job_run_id);

-- What a month has cost, kept while it happens: a budget is asked for before every call.
create table public.llm_spend (
    brand_id uuid not null references public.brands on delete cascade,
    month date not null check (month = date_trunc('month', month)),
    provider text not null,
    model text not null,
    batch boolean not null,
    calls integer not null default 0,
    requests bigint not null default 0,
    input_tokens bigint not null default 0,
    output_tokens bigint not null default 0,
    cost_usd numeric(18, 9) not null default 0,
    estimated_usd numeric(18, 9) not null default 0,
    primary key (brand_id, month, provider, model, batch)
);
comment on column public.llm_spend.estimated_usd is 'The part of cost_usd that is an estimate: calls whose price or answer nobody knows.';

-- When the next call to a provider may be sent, by whichever worker. It belongs to the installation, not to a brand.
create table public.provider_permits (
    provider text primary key,
    next_slot timestamptz not null default '-infinity',
    held_until timestamptz not null default '-infinity'
);

create table public.ad_video_analysis (
    id uuid primary key default gen_random_uuid(),
    brand_id uuid not null references public.brands on delete cascade,
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    prompt_version text not null,
    classifier text not null,
    provider text not null,
    call_id uuid references public.llm_calls on delete set null,
    duration_s numeric(10, 3),
    transcript jsonb not null,
    overlays jsonb not null,
    storyboard jsonb not null,
    hook jsonb not null,
    benefits jsonb not null,
    pains jsonb not null,
    claims jsonb not null,
    angles text[] not null,
    emotions text[] not null,
    persona text,
    awareness_opening text not null,
    awareness_end text not null,
    production text not null,
    notes text[] not null default '{}',
    superseded_at timestamptz,
    created_at timestamptz not null default now()
);
comment on column public.ad_video_analysis.notes is 'What of the answer could not be true and was left out.';
create unique index ad_video_analysis_once on public.ad_video_analysis (brand_id, sha256, prompt_version, classifier)
    where superseded_at is null;
create index ad_video_analysis_by_call on public.ad_video_analysis (call_id);

-- One row per ad side and page side that somebody compared; ads link to it as to a reading. The awareness step is not
-- here: it follows from the stages of both sides, which a person may correct at any time.
create table public.congruence_components (
    id uuid primary key default gen_random_uuid(),
    brand_id uuid not null references public.brands on delete cascade,
    input_hash text not null check (input_hash ~ '^[0-9a-f]{64}$'),
    prompt_version text not null,
    classifier text not null,
    call_id uuid references public.llm_calls on delete set null,
    run_id uuid references public.ad_intelligence_runs on delete set null,
    basis text not null check (basis in ('copy', 'copy_and_creative')),
    promise jsonb not null,
    offer jsonb not null,
    proof jsonb not null,
    tone jsonb not null,
    superseded_at timestamptz,
    created_at timestamptz not null default now()
);
create unique index congruence_components_once on public.congruence_components
    (brand_id, input_hash, prompt_version, classifier) where superseded_at is null;
create index congruence_components_by_call on public.congruence_components (call_id);
create index congruence_components_by_run on public.congruence_components (run_id);

alter table public.ad_classification_links drop constraint ad_classification_links_reading_check;
alter table public.ad_classification_links add constraint ad_classification_links_reading_check
    check (reading in ('creative', 'copy', 'landing', 'congruence'));

alter table public.ad_creative_classifications
    add column call_id uuid references public.llm_calls on delete set null,
    add column corrected_by uuid references auth.users on delete set null,
    add column notes text[] not null default '{}';
create index ad_creative_classifications_by_call on public.ad_creative_classifications (call_id);
create index ad_creative_classifications_by_hash on public.ad_creative_classifications (brand_id, reading, input_hash)
    where superseded_at is null;

-- The closed lists that a person's correction may choose from; a test holds them to the code's.
create table app.labels (
    list text not null,
    label text not null,
    primary key (list, label)
);
insert into app.labels (list, label)
select list, unnest(labels) from (values
    ('awareness', array['unaware', 'problem_aware', 'solution_aware', 'product_aware', 'most_aware', 'unclear']),
    ('format', array['video_ugc', 'video_professional', 'video_testimonial', 'video_demo', 'image_static',
        'image_before_after', 'image_testimonial', 'image_product', 'carousel', 'collection', 'other', 'unclear']),
    ('hook', array['question', 'pain_callout', 'identity_callout', 'story', 'testimonial', 'statistic', 'comparison',
        'how_to', 'curiosity', 'deal', 'introduction', 'claim', 'unclear']),
    ('angle', array['pain_relief', 'outcome', 'convenience', 'price_value', 'social_proof', 'authority',
        'risk_reversal', 'urgency', 'quality', 'novelty', 'identity', 'education', 'mission', 'unclear']),
    ('offer', array['percent_off', 'amount_off', 'bundle', 'free_gift', 'free_trial', 'free_shipping', 'free_resource',
        'free_quote', 'matched_gift', 'early_access', 'payment_plan', 'price_point', 'none', 'unclear']),
    ('proof', array['customer_quote', 'ratings', 'user_count', 'expert', 'test_result', 'award', 'press',
        'demonstration', 'guarantee', 'disclosure', 'none', 'unclear']),
    ('cta', array['buy', 'get_offer', 'subscribe', 'sign_up', 'apply', 'book', 'contact', 'download', 'donate',
        'learn', 'none', 'unclear'])) lists (list, labels);
revoke all on app.labels from public, anon, authenticated;

do $$
declare
    t text;
begin
    foreach t in array array['llm_batches', 'llm_calls', 'llm_spend', 'ad_video_analysis', 'congruence_components'] loop
        execute format('alter table public.%I enable row level security', t);
        execute format('revoke all on public.%I from anon, authenticated', t);
        execute format('grant select on public.%I to authenticated', t);
        execute format('create policy members_read on public.%I for select to authenticated
                        using (brand_id in (select app.my_brands()))', t);
    end loop;
end $$;
alter table public.provider_permits enable row level security;
revoke all on public.provider_permits from anon, authenticated;

-- A sandbox's reading is made by hand for the demo account: better than rules, behind every model.
create or replace function app.classifier_rank(p_classifier text) returns integer
language sql immutable set search_path = '' as $$
    select case split_part(split_part(p_classifier, ':', 1), '@', 1)
        when 'human' then 0 when 'gemini' then 1 when 'claude' then 2 when 'sandbox' then 3 else 9 end
$$;
