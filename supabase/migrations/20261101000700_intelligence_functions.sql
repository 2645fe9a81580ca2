-- Reads that answer with one json value for any number of ads, and the writes of classification and analysis.
-- The reads run as their caller, so row level security decides what a member sees.
-- Until a brand's first rows are in the planner's statistics it expects one of each, and would join thousands of ads by
-- reading everything again for each ad: those reads do without nested loops.

-- One candidate per ad: what each reading's input would be made of, and the spend that orders the work.
create function public.classification_candidates(p_brand uuid, p_from date, p_to date, p_dataset uuid default null)
returns jsonb
language sql stable set search_path = '' set statement_timeout = '60s' set enable_nestloop = off as $$
    with spend as (
        select ad_id, sum(spend) as spend from public.ad_performance_daily
        where p_dataset is null and brand_id = p_brand and date between p_from and p_to group by ad_id
    ), media as (
        select ad_id,
            jsonb_object_agg(kind, jsonb_build_object('status', status, 'sha256', sha256, 'mime', mime,
                'duration_s', duration_s, 'source_key', source_key)) as media
        from public.ad_assets where p_dataset is null and brand_id = p_brand group by ad_id
    ), candidates as (
        select a.ad_id, coalesce(s.spend, 0) as spend, a.primary_text, a.headline, a.description, a.cta,
            a.object_type, a.image_hash, a.video_id, m.media
        from public.ads a left join spend s using (ad_id) left join media m using (ad_id)
        where p_dataset is null and a.brand_id = p_brand
          and (s.ad_id is not null or a.effective_status = 'ACTIVE')
        union all
        select p.ad_key, coalesce(sum(p.spend), 0), max(p.primary_text), max(p.headline), max(p.description), null,
            null, null, null, null
        from public.ad_performance_period p
        join public.import_datasets d on d.id = p.dataset_id
        where p.dataset_id = p_dataset and p.brand_id = p_brand
          -- A row over many days has no day of its own to hold against the window.
          and (not d.daily or p.date_from between p_from and p_to)
        group by p.ad_key
    )
    select coalesce(jsonb_agg(to_jsonb(c) order by c.spend desc, c.ad_id), '[]') from candidates c
$$;

-- Of the given readings [{reading, input_hash}], those this classifier and prompt have covered, or a person has.
create function public.known_readings(p_brand uuid, p_keys jsonb, p_classifier text, p_prompt_versions jsonb)
returns jsonb
language sql stable set search_path = '' set statement_timeout = '60s' as $$
    select coalesce(jsonb_agg(distinct jsonb_build_object('reading', c.reading, 'input_hash', c.input_hash,
        'human', c.classifier = 'human')), '[]')
    from jsonb_to_recordset(p_keys) as k(reading text, input_hash text)
    join public.ad_creative_classifications c
        on c.brand_id = p_brand and c.reading = k.reading and c.input_hash = k.input_hash and c.superseded_at is null
       and (c.classifier = 'human'
            or (c.classifier = p_classifier and c.prompt_version = p_prompt_versions ->> c.reading))
$$;

-- A link without an input_hash says that the ad has nothing to read there any more: labels of what it showed before go.
create function public.link_classifications(p_brand uuid, p_links jsonb) returns integer
language plpgsql security definer set search_path = '' set statement_timeout = '60s' as $$
declare
    v_rows integer;
    v_removed integer;
begin
    delete from public.ad_classification_links t
    using jsonb_to_recordset(p_links) as l(ad_id text, reading text, input_hash text)
    where t.brand_id = p_brand and t.ad_id = l.ad_id and t.reading = l.reading and l.input_hash is null;
    get diagnostics v_removed = row_count;
    insert into public.ad_classification_links as t (brand_id, ad_id, reading, input_hash)
    select p_brand, l.ad_id, l.reading, l.input_hash
    from jsonb_to_recordset(p_links) as l(ad_id text, reading text, input_hash text)
    where l.input_hash is not null
    on conflict (brand_id, ad_id, reading) do update set input_hash = excluded.input_hash, linked_at = now()
    where t.input_hash <> excluded.input_hash;
    get diagnostics v_rows = row_count;
    v_rows := v_rows + v_removed;
    if v_rows > 0 then
        perform app.touch_brand(p_brand);
    end if;
    return v_rows;
end $$;

-- Saves readings once: a row another worker has written meanwhile stays, and is not counted as new.
-- p_supersede replaces what this classifier said before (force).
create function public.save_classifications(p_brand uuid, p_run uuid, p_rows jsonb, p_supersede boolean default false)
returns integer
language plpgsql security definer set search_path = '' set statement_timeout = '60s' as $$
declare
    v_rows integer;
begin
    if p_supersede then
        update public.ad_creative_classifications c set superseded_at = now()
        from jsonb_to_recordset(p_rows) as r(reading text, input_hash text, prompt_version text, classifier text)
        where c.brand_id = p_brand and c.reading = r.reading and c.input_hash = r.input_hash
          and c.prompt_version = r.prompt_version and c.classifier = r.classifier and c.superseded_at is null
          -- A retry of the same run meets its own rows and must leave them.
          and c.run_id is distinct from p_run;
    end if;
    insert into public.ad_creative_classifications (brand_id, run_id, reading, input_hash, prompt_version, classifier,
        awareness, awareness_second, awareness_confidence, format, hook, angle, video_length, labels, evidence)
    select p_brand, p_run, r.reading, r.input_hash, r.prompt_version, r.classifier, r.awareness, r.awareness_second,
        r.awareness_confidence, r.format, r.hook, r.angle, r.video_length, coalesce(r.labels, '{}'),
        coalesce(r.evidence, '[]')
    from jsonb_populate_recordset(null::public.ad_creative_classifications, p_rows) r
    on conflict (brand_id, reading, input_hash, prompt_version, classifier) where superseded_at is null do nothing;
    get diagnostics v_rows = row_count;
    if v_rows > 0 then
        perform app.touch_brand(p_brand);
    end if;
    return v_rows;
end $$;

-- The same job run opens the same row again after an interruption.
create function public.open_intelligence_run(p_run jsonb) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
    v_in public.ad_intelligence_runs := jsonb_populate_record(null::public.ad_intelligence_runs, p_run);
    v_id uuid;
begin
    select id into v_id from public.ad_intelligence_runs
    where job_run_id = v_in.job_run_id and goal = v_in.goal and status = 'running';
    if v_id is null then
        insert into public.ad_intelligence_runs (brand_id, goal, job_run_id, source, dataset_id, date_from, date_to, days,
            data_version, config, config_hash, classifier)
        values (v_in.brand_id, v_in.goal, v_in.job_run_id, v_in.source, v_in.dataset_id, v_in.date_from, v_in.date_to,
            v_in.days, v_in.data_version, coalesce(v_in.config, '{}'), v_in.config_hash, v_in.classifier)
        returning id into v_id;
    end if;
    return v_id;
end $$;

create function public.close_intelligence_run(p_id uuid, p_status text, p_summary jsonb, p_error text default null)
returns boolean
language plpgsql security definer set search_path = '' as $$
begin
    update public.ad_intelligence_runs set status = p_status, summary = p_summary, error = p_error, finished_at = now()
    where id = p_id and status = 'running';
    return found;
end $$;

create function app.classifier_rank(p_classifier text) returns integer
language sql immutable set search_path = '' as $$
    select case split_part(split_part(p_classifier, ':', 1), '@', 1)
        when 'human' then 0 when 'gemini' then 1 when 'claude' then 2 else 9 end
$$;

-- One row per linked ad: the best classifier's newest labels, the creative's before the copy's.
create function app.ad_labels(p_brand uuid)
returns table (ad_id text, awareness text, awareness_confidence double precision, format text, hook text, angle text,
    video_length text, classified boolean, input_hashes jsonb)
language sql stable set search_path = '' set enable_nestloop = off as $$
    with best as (
        select distinct on (reading, input_hash) reading, input_hash, awareness, awareness_confidence, format, hook,
            angle, video_length
        from public.ad_creative_classifications c where brand_id = p_brand and superseded_at is null
        order by reading, input_hash, app.classifier_rank(classifier), created_at desc
    ), linked as (
        select l.ad_id, l.reading, l.input_hash, b.awareness, b.awareness_confidence, b.format, b.hook, b.angle,
            b.video_length, b.reading is not null as covered
        from public.ad_classification_links l left join best b using (reading, input_hash) where l.brand_id = p_brand
    )
    select c.ad_id,
        coalesce(nullif(max(awareness) filter (where reading = 'creative'), 'unclear'),
            max(awareness) filter (where reading = 'copy'), max(awareness) filter (where reading = 'creative')),
        coalesce(max(awareness_confidence) filter (where reading = 'creative' and awareness <> 'unclear'),
            max(awareness_confidence) filter (where reading = 'copy'))::double precision,
        coalesce(max(format) filter (where reading = 'creative'), max(format) filter (where reading = 'copy')),
        coalesce(nullif(max(hook) filter (where reading = 'creative'), 'unclear'), max(hook) filter (where reading = 'copy')),
        coalesce(nullif(max(angle) filter (where reading = 'creative'), 'unclear'), max(angle) filter (where reading = 'copy')),
        max(video_length) filter (where reading = 'creative'),
        bool_or(covered and reading in ('creative', 'copy')),
        jsonb_agg(input_hash order by reading) filter (where covered)
    from linked c group by c.ad_id
$$;

-- What an analysis needs to know before it reads numbers: brand, accounts, freshness, datasets. Of an account
-- last_full_day is the last with rows, fetched_to the last that came whole, with delivery or without.
create function public.analysis_context(p_brand uuid) returns jsonb
language sql stable set search_path = '' set statement_timeout = '60s' as $$
    select jsonb_build_object(
        'brand', to_jsonb(b),
        'data_version', coalesce((select version from public.brand_data_versions where brand_id = p_brand), 0),
        'accounts', coalesce((select jsonb_agg(to_jsonb(a) || jsonb_build_object(
                'first_day', d.first_day, 'last_full_day', d.last_full_day, 'days', d.days, 'fetched_to', f.fetched_to)
                order by d.spend desc nulls last, a.account_id)
            from public.ad_accounts a
            left join lateral (
                select min(date) as first_day, max(date) filter (where not is_partial) as last_full_day,
                    count(distinct date) as days, sum(spend) as spend
                from public.ad_performance_daily p where p.brand_id = p_brand and p.account_id = a.account_id) d on true
            left join lateral (
                -- The day on which a chunk was read was not over yet.
                select max(least(c.date_to,
                    (c.attempted_at at time zone coalesce(a.timezone, 'UTC'))::date - 1)) as fetched_to
                from public.sync_chunks c
                where c.brand_id = p_brand and c.account_id = a.account_id and c.status = 'done') f on true
            where a.brand_id = p_brand), '[]'),
        'status', coalesce((select jsonb_agg(to_jsonb(s)) from public.dataset_status s where s.brand_id = p_brand), '[]'),
        'datasets', coalesce((select jsonb_agg(to_jsonb(i) - 'columns' - 'bad_rows' - 'reconciliation' order by imported_at)
            from public.import_datasets i where i.brand_id = p_brand and status = 'ready'), '[]'))
    from public.brands b where b.id = p_brand
$$;

-- Every ad with rows in the window or before it, those that Meta no longer shows too, so that the sums are those of the
-- rows; and each active one. `stored` counts the days that are there: with rows, or fetched without delivery, and of no
-- account asked for in vain.
-- recent_impressions is null where the last days of the ad's account are not.
create function public.analysis_stats(
    p_brand uuid, p_currency text, p_from date, p_to date, p_prior_from date
) returns json
language sql stable set search_path = '' set statement_timeout = '60s' set enable_nestloop = off as $$
    with sums as (
        select ad_id, min(date) filter (where w) as first_day, max(date) filter (where w) as last_day,
            count(*) filter (where w) as days,
            sum(impressions) filter (where w) as impressions, sum(spend) filter (where w) as spend,
            sum(clicks) filter (where w) as clicks, sum(link_clicks) filter (where w) as link_clicks,
            sum(outbound_clicks) filter (where w) as outbound_clicks,
            sum(landing_page_views) filter (where w) as landing_page_views,
            sum(adds_to_cart) filter (where w) as adds_to_cart, sum(checkouts) filter (where w) as checkouts,
            sum(purchases) filter (where w) as purchases, sum(purchase_value) filter (where w) as purchase_value,
            sum(results) filter (where w) as results,
            case when count(distinct result_type) filter (where w) = 1 then max(result_type) filter (where w) end as result_type,
            sum(video_3s) filter (where w) as video_3s, sum(thruplays) filter (where w) as thruplays,
            sum(impressions) filter (where not w) as prior_impressions, sum(spend) filter (where not w) as prior_spend,
            sum(clicks) filter (where not w) as prior_clicks, sum(link_clicks) filter (where not w) as prior_link_clicks,
            sum(landing_page_views) filter (where not w) as prior_landing_page_views,
            sum(purchases) filter (where not w) as prior_purchases,
            sum(purchase_value) filter (where not w) as prior_purchase_value,
            sum(results) filter (where not w) as prior_results,
            sum(video_3s) filter (where not w) as prior_video_3s, sum(thruplays) filter (where not w) as prior_thruplays,
            sum(impressions) filter (where date > p_to - 3 and date <= p_to) as recent_impressions,
            count(*) filter (where date > p_to - 3 and date <= p_to) as recent_days_active,
            max(account_id) as account_id, max(date) as last_stored
        from (select *, date >= p_from as w from public.ad_performance_daily
              where brand_id = p_brand and currency = p_currency and date between p_prior_from and p_to) d
        group by ad_id
    ), dates as materialized (
        select date, max(attribution_setting) as attribution_setting, bool_or(not is_partial) as whole
        from public.ad_performance_daily
        where brand_id = p_brand and currency = p_currency and date between p_prior_from and p_to group by date
    ), chunks as (
        select c.account_id, c.status, c.date_from,
            least(c.date_to, (c.attempted_at at time zone coalesce(a.timezone, 'UTC'))::date - 1) as date_to
        from public.sync_chunks c join public.ad_accounts a on a.brand_id = p_brand and a.account_id = c.account_id
        where c.brand_id = p_brand and a.currency = p_currency
    ), asked as (
        select account_id, g::date as day, bool_or(status = 'done') as came
        from chunks, generate_series(greatest(date_from, p_prior_from), least(date_to, p_to), '1 day') g group by 1, 2
    ), stored as (
        (select date as day from dates where whole union select day from asked where came)
        except select day from asked where not came
    ), fetched as (
        select account_id, max(day) as fetched_to from (
            select account_id, last_stored as day from sums
            union all select account_id, date_to from chunks where status = 'done') d
        group by account_id
    ), lifetime as (
        select ad_id, sum(results) as results_since_start, min(date) as first_ever
        from public.ad_performance_daily where brand_id = p_brand and currency = p_currency group by ad_id
    )
    select json_build_object(
        'attribution', (select max(attribution_setting) from dates where date >= p_from),
        'stored', (select json_build_object(
            'days', count(*) filter (where day >= p_from), 'prior_days', count(*) filter (where day < p_from),
            'recent_days', count(*) filter (where day > p_to - 3),
            'first_day', least((select min(first_ever) from lifetime),
                (select min(date_from) from chunks where status = 'done'))) from stored),
        'ads', coalesce((select json_agg(row_to_json(r)) from (
            select ad_id, a.ad_id is null as unreadable, a.name as ad_name, c.name as campaign_name,
                g.name as ad_set_name, c.objective,
                case when a.object_type in ('video', 'image', 'carousel') then a.object_type
                     when a.object_type is not null then 'other' end as media_type,
                a.effective_status, case when a.ad_id is null then false else a.effective_status = 'ACTIVE' end as active,
                coalesce((a.created_time at time zone coalesce(acc.timezone, 'UTC'))::date, t.first_ever) as created_on,
                g.learning_status, s.first_day, s.last_day, coalesce(s.days, 0) as days,
                s.impressions, s.spend, s.clicks, s.link_clicks, s.outbound_clicks, s.landing_page_views, s.adds_to_cart,
                s.checkouts, s.purchases, s.purchase_value, s.results, s.result_type, s.video_3s, s.thruplays,
                s.prior_impressions, s.prior_spend, s.prior_clicks, s.prior_link_clicks, s.prior_landing_page_views,
                s.prior_purchases, s.prior_purchase_value, s.prior_results, s.prior_video_3s, s.prior_thruplays,
                case when f.fetched_to >= p_to then coalesce(s.recent_impressions, 0) end as recent_impressions,
                coalesce(s.recent_days_active, 0) as recent_days_active, t.results_since_start,
                l.awareness, l.awareness_confidence, l.format, l.hook, l.angle, coalesce(l.classified, false) as classified,
                l.input_hashes, a.video_id, a.image_hash
            from (select * from public.ads where brand_id = p_brand) a
            full join sums s using (ad_id) left join lifetime t using (ad_id)
            left join public.campaigns c on c.brand_id = p_brand and c.campaign_id = a.campaign_id
            left join public.ad_sets g on g.brand_id = p_brand and g.ad_set_id = a.ad_set_id
            left join public.ad_accounts acc on acc.brand_id = p_brand and acc.account_id = a.account_id
            left join fetched f on f.account_id = coalesce(a.account_id, s.account_id)
            left join app.ad_labels(p_brand) l using (ad_id)
            where s.ad_id is not null or (a.effective_status = 'ACTIVE' and acc.currency = p_currency)
            order by s.spend desc nulls last, ad_id) r), '[]'))
$$;

create function public.analysis_import_stats(p_dataset uuid, p_from date, p_to date) returns json
language sql stable set search_path = '' set statement_timeout = '60s' set enable_nestloop = off as $$
    select json_build_object('ads', coalesce((select json_agg(row_to_json(r)) from (
        select p.ad_key as ad_id, max(p.ad_name) as ad_name, max(p.campaign_name) as campaign_name,
            max(p.ad_set_name) as ad_set_name, max(p.primary_text) as primary_text,
            min(p.date_from) as first_day, max(p.date_to) as last_day, count(*) as days,
            sum(p.impressions) as impressions, sum(p.spend) as spend, sum(p.clicks) as clicks,
            sum(p.link_clicks) as link_clicks, sum(p.outbound_clicks) as outbound_clicks,
            sum(p.landing_page_views) as landing_page_views, sum(p.adds_to_cart) as adds_to_cart,
            sum(p.checkouts) as checkouts, sum(p.purchases) as purchases, sum(p.purchase_value) as purchase_value,
            sum(p.results) as results,
            case when count(distinct p.result_type) = 1 then max(p.result_type) end as result_type,
            sum(p.video_3s) as video_3s, sum(p.thruplays) as thruplays,
            max(l.awareness) as awareness, max(l.awareness_confidence) as awareness_confidence, max(l.format) as format,
            max(l.hook) as hook, max(l.angle) as angle, coalesce(bool_or(l.classified), false) as classified,
            (array_agg(l.input_hashes))[1] as input_hashes
        from public.ad_performance_period p
        join public.import_datasets d on d.id = p.dataset_id and d.status = 'ready'
        left join app.ad_labels(d.brand_id) l on l.ad_id = p.ad_key
        where p.dataset_id = p_dataset and p.date_from >= p_from and p.date_to <= p_to
        group by p.ad_key order by sum(p.spend) desc nulls last, p.ad_key) r), '[]'))
$$;

-- The stored analysis of exactly this question over exactly these rows, while it is its scope's last word: one that a
-- newer run has contradicted is made again, so that the open recommendations are those of the answer.
create function public.stored_analysis(
    p_brand uuid, p_config_hash text, p_data_version bigint
) returns jsonb
language sql stable set search_path = '' as $$
    select to_jsonb(r) from public.ad_intelligence_runs r
    where r.brand_id = p_brand and r.goal = 'full_analysis' and r.status = 'completed'
      and r.config_hash = p_config_hash and r.data_version = p_data_version
      and not exists (select 1 from public.ad_intelligence_runs n
          where n.brand_id = p_brand and n.goal = r.goal and n.status = 'completed' and n.scope = r.scope
            and n.started_at > r.started_at)
    order by r.started_at desc limit 1
$$;

-- A whole analysis in one transaction. Of its own scope, recommendations that the new run no longer makes are
-- superseded; one that it makes again gets the new evidence and keeps what people said of it.
create function public.save_analysis(
    p_run jsonb, p_baselines jsonb, p_diagnostics jsonb, p_recommendations jsonb
) returns uuid
language plpgsql security definer set search_path = '' set statement_timeout = '60s' as $$
declare
    v_in public.ad_intelligence_runs := jsonb_populate_record(null::public.ad_intelligence_runs, p_run);
begin
    perform pg_advisory_xact_lock(hashtext('analysis:' || v_in.brand_id));
    insert into public.ad_intelligence_runs (id, brand_id, goal, job_run_id, source, dataset_id, date_from, date_to, days,
        scope, data_version, config, config_hash, status, summary, blocks, finished_at)
    values (v_in.id, v_in.brand_id, 'full_analysis', v_in.job_run_id, v_in.source, v_in.dataset_id, v_in.date_from,
        v_in.date_to, v_in.days, v_in.scope, v_in.data_version, coalesce(v_in.config, '{}'), v_in.config_hash, 'completed',
        v_in.summary, v_in.blocks, now())
    on conflict (id) do nothing;
    if not found then
        return v_in.id;
    end if;
    insert into public.ad_intelligence_baselines (run_id, brand_id, cohort, metric, detail)
    select v_in.id, v_in.brand_id, r.cohort, r.metric, r.detail
    from jsonb_to_recordset(p_baselines) as r(cohort text, metric text, detail jsonb);
    insert into public.ad_intelligence_diagnostics (run_id, brand_id, ad_id, diagnosis, verdict, probability, reason, detail)
    select v_in.id, v_in.brand_id, r.ad_id, r.diagnosis, r.verdict, r.probability, r.reason, r.detail
    from jsonb_to_recordset(p_diagnostics) as r(ad_id text, diagnosis text, verdict text, probability numeric,
        reason text, detail jsonb);
    update public.ad_intelligence_recommendations o set superseded_at = now()
    where o.brand_id = v_in.brand_id and o.scope = v_in.scope and o.superseded_at is null
      and o.cause_key not in (select r.cause_key from jsonb_to_recordset(p_recommendations) as r(cause_key text));
    insert into public.ad_intelligence_recommendations as t (run_id, brand_id, scope, cause_key, category, action, title,
        why, ad_ids, money_per_week, confidence, detail)
    select v_in.id, v_in.brand_id, v_in.scope, r.cause_key, r.category, r.action, r.title, r.why, r.ad_ids, r.money_per_week,
        r.confidence, r.detail
    from jsonb_populate_recordset(null::public.ad_intelligence_recommendations, p_recommendations) r
    on conflict (brand_id, scope, cause_key) where superseded_at is null do update set
        run_id = excluded.run_id, category = excluded.category, action = excluded.action, title = excluded.title,
        why = excluded.why, ad_ids = excluded.ad_ids, money_per_week = excluded.money_per_week,
        confidence = excluded.confidence, detail = excluded.detail;
    return v_in.id;
end $$;

do $$
declare
    f regprocedure;
begin
    for f in select p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where (n.nspname = 'public' and p.proname in ('classification_candidates', 'known_readings', 'link_classifications',
            'save_classifications', 'open_intelligence_run', 'close_intelligence_run', 'analysis_context', 'analysis_stats',
            'analysis_import_stats', 'stored_analysis', 'save_analysis'))
          or (n.nspname = 'app' and p.proname in ('classifier_rank', 'ad_labels'))
    loop
        execute format('revoke all on function %s from public, anon, authenticated', f);
        execute format('grant execute on function %s to service_role', f);
    end loop;
    for f in select p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where (n.nspname = 'public' and p.proname in ('analysis_context', 'analysis_stats', 'analysis_import_stats',
            'stored_analysis', 'classification_candidates')) or (n.nspname = 'app' and p.proname in ('classifier_rank', 'ad_labels'))
    loop
        execute format('grant execute on function %s to authenticated', f);
    end loop;
end $$;
