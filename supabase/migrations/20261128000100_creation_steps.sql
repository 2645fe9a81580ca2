-- What a run that makes ads has paid for, each answer by a key of its own: whatever is killed, it is not asked for again.

alter table public.llm_calls
    drop constraint llm_calls_purpose_check,
    add constraint llm_calls_purpose_check check (purpose in ('creative', 'video', 'copy', 'landing', 'congruence',
        'ad_words', 'ad_scene', 'scene_reading', 'ad_review', 'template')),
    drop constraint llm_calls_reading_check,
    add constraint llm_calls_reading_check
        check (reading in ('creative', 'copy', 'landing', 'congruence', 'creation', 'template'));

create table public.creation_steps (
    brand_id uuid not null,
    run_id uuid not null,
    key text not null check (length(key) between 1 and 200),
    call_id uuid references public.llm_calls on delete set null,
    state text not null check (state in ('answered', 'unanswered')),
    model text not null check (length(model) <= 100),
    prompt_version text not null check (length(prompt_version) <= 100),
    prompt text check (length(prompt) <= 20000),
    result jsonb not null default '{}',
    reason text check (length(reason) <= 100),
    detail text check (length(detail) <= 1000),
    sha256 text check (sha256 ~ '^[0-9a-f]{64}$'),
    cost_usd numeric(18, 9) not null default 0 check (cost_usd >= 0),
    made_at timestamptz not null default now(),
    primary key (brand_id, run_id, key),
    foreign key (brand_id, run_id) references public.creation_runs (brand_id, id) on delete cascade
);
comment on column public.creation_steps.key is 'What was asked for: words, a scene, a reading of one, a review; of which variation and try.';
comment on column public.creation_steps.sha256 is 'Of the picture that a model made, stored in the bucket assets.';
alter table public.creation_steps enable row level security;
revoke all on public.creation_steps from anon, authenticated;
grant select on public.creation_steps to authenticated;
create policy members_read on public.creation_steps for select to authenticated
    using (brand_id in (select app.my_brands()));

alter table public.generated_ad_images add column scene_sha256 text check (scene_sha256 ~ '^[0-9a-f]{64}$');
comment on column public.generated_ad_images.scene_sha256 is 'The picture by a model that the words were set upon; null where the product''s own photo was used.';

alter table public.creation_runs
    add column templates jsonb not null default '[]' check (jsonb_typeof(templates) = 'array'),
    add column worked_in uuid;
comment on column public.creation_runs.templates is 'Those that were chosen when it began: whoever goes on with it takes them, whatever has been used since.';
comment on column public.creation_runs.worked_in is 'The job run that made it last.';
alter table public.generated_ads add column made_in uuid;
comment on column public.generated_ads.made_in is 'The job run of its last try: one that is tried again makes anew only what an earlier one rejected.';

-- A run that makes ads, new or gone on with: {id, status, attempts, templates, ads: [{…, images}], steps: [{key, state, model, result,
-- reason, detail, sha256, cost_usd, prompt}]}. One that had failed is running again. A job run that somebody had tried again
-- goes on with what its forerunner has made and paid for, and has that one's id.
create or replace function public.begin_creation_run(p_brand uuid, p_run jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
    v public.creation_runs := jsonb_populate_record(null::public.creation_runs, p_run);
    v_first uuid;
    v_job uuid := v.id;
begin
    with recursive tried as (
        select r.retry_of as id, 1 as n from public.scheduled_job_runs r where r.id = v.id and r.brand_id = p_brand
        union all
        select r.retry_of, t.n + 1 from tried t join public.scheduled_job_runs r on r.id = t.id
        where t.n < 100
    )
    select c.id into v_first from tried t join public.creation_runs c on c.brand_id = p_brand and c.id = t.id
    order by t.n desc limit 1;
    v.id := coalesce(v_first, v.id);
    insert into public.creation_runs as r (brand_id, id, product_id, parameters, wanted, sizes, templates, worked_in)
    values (p_brand, v.id, v.product_id, v.parameters, v.wanted, v.sizes, coalesce(v.templates, '[]'), v_job)
    on conflict (brand_id, id) do update set status = 'running', reason = null, finished_at = null, worked_in = v_job;
    return (select jsonb_build_object('id', r.id, 'status', r.status, 'attempts', r.attempts, 'templates', r.templates,
        'ads', coalesce((
            select jsonb_agg(to_jsonb(a) - array['brand_id', 'run_id', 'prompt'] || jsonb_build_object('images', (
                select coalesce(jsonb_agg(to_jsonb(i) - array['brand_id', 'ad_id'] order by i.size), '[]')
                from public.generated_ad_images i where i.brand_id = a.brand_id and i.ad_id = a.id)) order by a.variation)
            from public.generated_ads a where a.brand_id = p_brand and a.run_id = r.id), '[]'),
        'steps', coalesce((
            select jsonb_agg(to_jsonb(s) - array['brand_id', 'run_id', 'call_id', 'made_at'] order by s.key)
            from public.creation_steps s where s.brand_id = p_brand and s.run_id = r.id), '[]'))
        from public.creation_runs r where r.brand_id = p_brand and r.id = v.id);
end $$;

-- As before; a run that failed keeps what it had packed before.
create or replace function public.finish_creation_run(p_brand uuid, p_run uuid, p_status text, p_reason text, p_exports jsonb)
returns void
language sql security definer set search_path = '' as $$
    update public.creation_runs set status = p_status, reason = p_reason, finished_at = now(),
        exports = case when p_exports = '[]' then exports else p_exports end
    where brand_id = p_brand and id = p_run
$$;

-- Ends a call and stores what it bought, in one transaction; may be told twice. An answer that is there already stands.
create function public.finish_creation_step(p_call uuid, p_result jsonb, p_step jsonb) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '60s' as $$
declare
    v public.creation_steps := jsonb_populate_record(null::public.creation_steps, p_step);
    v_brand uuid;
    v_cost numeric;
begin
    perform public.finish_reading(p_call, p_result);
    -- Without a known price it counts at its estimate, as in the brand's month.
    select c.brand_id, coalesce(c.cost_usd, case when c.requests > 0 then c.estimated_usd else 0 end) into v_brand, v_cost
    from public.llm_calls c where c.id = p_call;
    insert into public.creation_steps as t (brand_id, run_id, key, call_id, state, model, prompt_version, prompt, result, reason,
        detail, sha256, cost_usd)
    values (v_brand, v.run_id, v.key, p_call, v.state, v.model, v.prompt_version, left(v.prompt, 20000),
        coalesce(v.result, '{}'), v.reason, left(v.detail, 1000), v.sha256, v_cost)
    on conflict (brand_id, run_id, key) do update set call_id = excluded.call_id, state = excluded.state,
        model = excluded.model, prompt_version = excluded.prompt_version, prompt = excluded.prompt, result = excluded.result,
        reason = excluded.reason, detail = excluded.detail, sha256 = excluded.sha256,
        cost_usd = t.cost_usd + excluded.cost_usd
        where t.state = 'unanswered' and t.call_id is distinct from p_call;
    return (select to_jsonb(s) - array['brand_id', 'run_id', 'call_id', 'made_at'] from public.creation_steps s
        where s.brand_id = v_brand and s.run_id = v.run_id and s.key = v.key);
end $$;

-- As before, with the picture that the words were set upon; what is finished, decided or changed stays.
create or replace function public.save_generated_ad(p_brand uuid, p_ad jsonb, p_images jsonb) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
    v public.generated_ads := jsonb_populate_record(null::public.generated_ads, p_ad);
    v_id uuid;
    v_new boolean;
begin
    insert into public.generated_ads as t (brand_id, run_id, variation, token, product_id, template_id, status, copy, angle,
        awareness, writer, prompt, cost_usd, tries, findings, decided_how, decided_at, made_in)
    values (p_brand, v.run_id, v.variation, v.token, v.product_id, v.template_id, v.status, v.copy, v.angle, v.awareness,
        v.writer, v.prompt, coalesce(v.cost_usd, 0), coalesce(v.tries, 1), coalesce(v.findings, '[]'), v.decided_how,
        case when v.decided_how is not null then now() end, v.made_in)
    on conflict (brand_id, run_id, variation) do update set template_id = excluded.template_id, status = excluded.status,
        copy = excluded.copy, angle = excluded.angle, awareness = excluded.awareness, writer = excluded.writer,
        prompt = excluded.prompt, cost_usd = excluded.cost_usd, tries = excluded.tries, findings = excluded.findings,
        decided_how = excluded.decided_how, decided_at = excluded.decided_at,
        made_in = excluded.made_in
        -- A worker that was taken for dead may wake up: what it has begun does not replace what another has finished.
        where t.decided_how is distinct from 'person' and t.revision = 1
          and (excluded.tries > t.tries or t.status = 'drafted' or excluded.status <> 'drafted')
          and excluded.tries >= t.tries
    returning id, xmax = 0 into v_id, v_new;
    if v_id is null then  -- it was finished, decided or changed meanwhile: that stands
        return (select id from public.generated_ads
            where brand_id = p_brand and run_id = v.run_id and variation = v.variation);
    end if;
    insert into public.generated_ad_images as t (brand_id, ad_id, size, sha256, mime, bytes, width, height, phash, maker,
        label, look, scene_sha256)
    select p_brand, v_id, i.size, i.sha256, i.mime, i.bytes, i.width, i.height, i.phash, i.maker, i.label, i.look,
        i.scene_sha256
    from jsonb_to_recordset(p_images) as i(size text, sha256 text, mime text, bytes integer, width integer,
        height integer, phash text, maker text, label text, look jsonb, scene_sha256 text)
    on conflict (brand_id, ad_id, size) do update set sha256 = excluded.sha256, mime = excluded.mime,
        bytes = excluded.bytes, width = excluded.width, height = excluded.height, phash = excluded.phash,
        maker = excluded.maker, label = excluded.label, look = excluded.look, scene_sha256 = excluded.scene_sha256,
        made_at = now();
    if v_new and v.template_id is not null then
        insert into public.template_usage as t (brand_id, product_id, template_id, uses, last_used_at)
        values (p_brand, v.product_id, v.template_id, 1, now())
        on conflict (brand_id, product_id, template_id) do update set uses = t.uses + 1, last_used_at = now();
    end if;
    return v_id;
end $$;

-- A brand's runs, newest first, and the ads of one of them or of the newest: {runs: [{id, product, status, reason, wanted,
-- attempts, exports, started_at, finished_at, counts}], run, ads: [{id, variation, token, status, copy, …, images,
-- template, ran_as}]}. A run whose job has ended without it is over, too.
create or replace function public.creation_gallery(p_brand uuid, p_run uuid default null, p_runs integer default 50) returns jsonb
language sql stable set search_path = '' set statement_timeout = '30s' as $$
    with runs as materialized (
        select r.*, p.name as product, r.status = 'running' and (case when j.id is null
                then r.started_at < now() - interval '1 day' else j.finished_at is not null end) as is_left
        from public.creation_runs r
        join public.products p on p.brand_id = r.brand_id and p.id = r.product_id
        left join public.scheduled_job_runs j on j.brand_id = r.brand_id and j.id = coalesce(r.worked_in, r.id)
        where r.brand_id = p_brand order by r.started_at desc, r.id limit p_runs
    ), counts as (
        select run_id, jsonb_object_agg(status, n) as counts from (
            select run_id, status, count(*) as n from public.generated_ads
            where brand_id = p_brand and run_id in (select id from runs) group by 1, 2) c
        group by run_id
    ), chosen as (
        select coalesce(p_run, (select id from runs order by started_at desc, id limit 1)) as id
    )
    select jsonb_build_object(
        'runs', coalesce((select jsonb_agg(jsonb_build_object('id', r.id, 'product', r.product, 'status', case when r.is_left then 'failed' else r.status end,
                'reason', case when r.is_left then 'It was stopped before its end; what was made by then is below.'
                    else r.reason end, 'wanted', r.wanted, 'sizes', r.sizes, 'attempts', r.attempts, 'exports', r.exports,
                'started_at', r.started_at, 'finished_at', r.finished_at, 'counts', coalesce(c.counts, '{}'))
                order by r.started_at desc, r.id)
            from runs r left join counts c on c.run_id = r.id), '[]'),
        'run', (select id from chosen),
        'ads', coalesce((select jsonb_agg(to_jsonb(a) - array['brand_id', 'run_id', 'prompt'] || jsonb_build_object(
                'images', (select coalesce(jsonb_agg(to_jsonb(i) - array['brand_id', 'ad_id'] order by i.size), '[]')
                    from public.generated_ad_images i where i.brand_id = a.brand_id and i.ad_id = a.id),
                'template', (select jsonb_build_object('name', t.name, 'storage_key', t.storage_key)
                    from public.templates t where t.id = a.template_id),
                'ran_as', (select coalesce(jsonb_agg(m.ad_id order by m.ad_id), '[]') from public.generated_ad_matches m
                    where m.brand_id = a.brand_id and m.generated_ad_id = a.id)) order by a.variation)
            from public.generated_ads a where a.brand_id = p_brand and a.run_id = (select id from chosen)), '[]'))
$$;

revoke all on function public.finish_creation_step(uuid, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.finish_creation_step(uuid, jsonb, jsonb) to service_role;
