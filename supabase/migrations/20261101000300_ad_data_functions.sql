-- Writes of the sync and the import, each a transaction of its own, and each safe to send twice.

-- One chunk of insights: all of its rows or none. p_whole says that Meta's answer came to its end,
-- which is the only time that rows Meta no longer reports may be cleared. p_error says why rows of these days are
-- missing all the same: the days then count as not read.
create function public.apply_insights_chunk(
    p_brand uuid, p_account text, p_from date, p_to date, p_rows jsonb, p_whole boolean, p_error text default null
) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '120s' as $$
declare
    v_rows integer := jsonb_array_length(p_rows);
    v_currency text;
    v_written integer;
    v_cleared integer := 0;
begin
    if p_from > p_to then
        raise exception 'The chunk ends (%) before it begins (%).', p_to, p_from using errcode = '22023';
    end if;
    select currency into v_currency from public.ad_accounts where brand_id = p_brand and account_id = p_account;
    if not found then
        raise exception 'Account % is not connected to this brand.', p_account using errcode = '22023';
    end if;

    create temporary table if not exists chunk_rows (like public.ad_performance_daily) on commit drop;
    truncate pg_temp.chunk_rows;
    -- The base record fills what a row leaves out; a row cannot speak for another brand or account.
    insert into pg_temp.chunk_rows
    select * from jsonb_populate_recordset(jsonb_populate_record(null::public.ad_performance_daily, jsonb_build_object(
        'brand_id', p_brand, 'account_id', p_account, 'fetched_at', now(), 'is_partial', false)), p_rows);

    if exists (select 1 from pg_temp.chunk_rows where brand_id <> p_brand or account_id <> p_account) then
        raise exception 'A row belongs to another account than %.', p_account using errcode = '22023';
    end if;
    if exists (select 1 from pg_temp.chunk_rows where date is null or date < p_from or date > p_to) then
        raise exception 'A row lies outside the days of its chunk (% to %).', p_from, p_to using errcode = '22023';
    end if;
    if (select count(distinct (ad_id, date)) from pg_temp.chunk_rows) <> v_rows then
        raise exception 'The chunk % to % names an ad twice on one day.', p_from, p_to using errcode = '22023';
    end if;
    if exists (select 1 from pg_temp.chunk_rows where currency is distinct from v_currency) then
        raise exception 'The chunk is in another currency than its account (%).', v_currency using errcode = '22023';
    end if;

    insert into public.ad_performance_daily select * from pg_temp.chunk_rows
    on conflict (brand_id, ad_id, date) do update set
        account_id = excluded.account_id, currency = excluded.currency, impressions = excluded.impressions,
        spend = excluded.spend, reach = excluded.reach, clicks = excluded.clicks, link_clicks = excluded.link_clicks,
        outbound_clicks = excluded.outbound_clicks, landing_page_views = excluded.landing_page_views,
        adds_to_cart = excluded.adds_to_cart, checkouts = excluded.checkouts, purchases = excluded.purchases,
        purchase_value = excluded.purchase_value, purchase_key = excluded.purchase_key, results = excluded.results,
        result_type = excluded.result_type, video_3s = excluded.video_3s, thruplays = excluded.thruplays,
        video_p25 = excluded.video_p25, video_p50 = excluded.video_p50, video_p75 = excluded.video_p75,
        video_p95 = excluded.video_p95, video_p100 = excluded.video_p100, actions = excluded.actions,
        action_values = excluded.action_values, attribution_setting = excluded.attribution_setting,
        is_partial = excluded.is_partial, fetched_at = excluded.fetched_at;
    get diagnostics v_written = row_count;

    if p_whole then
        delete from public.ad_performance_daily d
        where d.brand_id = p_brand and d.account_id = p_account and d.date between p_from and p_to
          and not exists (select 1 from pg_temp.chunk_rows c where c.ad_id = d.ad_id and c.date = d.date);
        get diagnostics v_cleared = row_count;
    end if;

    insert into public.sync_chunks (brand_id, account_id, date_from, date_to, status, rows, error)
    values (p_brand, p_account, p_from, p_to, case when p_error is null then 'done' else 'failed' end, v_rows, p_error)
    on conflict (brand_id, account_id, date_from, date_to) do update
        set status = excluded.status, rows = excluded.rows, error = excluded.error, report_run_id = null,
            attempted_at = now();
    perform app.touch_brand(p_brand);
    return jsonb_build_object('written', v_written, 'cleared', v_cleared);
end $$;

-- Campaigns, ad sets and ads of one account. A field Meta left out never wipes one that is known. An object that moved
-- while it was listed stands on two pages: the later one counts.
create function public.apply_ads(
    p_brand uuid, p_account text, p_campaigns jsonb, p_ad_sets jsonb, p_ads jsonb
) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '120s' as $$
begin
    insert into public.campaigns as t (brand_id, account_id, campaign_id, name, objective, effective_status, created_time)
    select distinct on (r.campaign_id) p_brand, p_account, r.campaign_id, r.name, r.objective, r.effective_status,
        r.created_time
    from jsonb_populate_recordset(null::public.campaigns, p_campaigns) with ordinality r
    where r.campaign_id is not null
    order by r.campaign_id, r.ordinality desc
    on conflict (brand_id, campaign_id) do update set
        account_id = excluded.account_id, name = coalesce(excluded.name, t.name),
        objective = coalesce(excluded.objective, t.objective),
        effective_status = coalesce(excluded.effective_status, t.effective_status),
        created_time = coalesce(excluded.created_time, t.created_time), updated_at = now();

    insert into public.ad_sets as t (brand_id, account_id, ad_set_id, campaign_id, name, effective_status,
        optimization_goal, learning_status, created_time)
    select distinct on (r.ad_set_id) p_brand, p_account, r.ad_set_id, r.campaign_id, r.name, r.effective_status,
        r.optimization_goal, r.learning_status, r.created_time
    from jsonb_populate_recordset(null::public.ad_sets, p_ad_sets) with ordinality r
    where r.ad_set_id is not null
    order by r.ad_set_id, r.ordinality desc
    on conflict (brand_id, ad_set_id) do update set
        account_id = excluded.account_id, campaign_id = coalesce(excluded.campaign_id, t.campaign_id),
        name = coalesce(excluded.name, t.name),
        effective_status = coalesce(excluded.effective_status, t.effective_status),
        optimization_goal = coalesce(excluded.optimization_goal, t.optimization_goal),
        learning_status = coalesce(excluded.learning_status, t.learning_status),
        created_time = coalesce(excluded.created_time, t.created_time), updated_at = now();

    insert into public.ads as t (brand_id, account_id, ad_id, ad_set_id, campaign_id, name, effective_status,
        primary_text, headline, description, cta, link_url, object_type, creative_id, video_id, image_hash,
        created_time, updated_time, creative_changed_at)
    select distinct on (r.ad_id) p_brand, p_account, r.ad_id, r.ad_set_id, r.campaign_id, r.name, r.effective_status,
        r.primary_text, r.headline, r.description, r.cta, r.link_url, r.object_type, r.creative_id, r.video_id,
        r.image_hash, r.created_time, r.updated_time, r.created_time
    from jsonb_populate_recordset(null::public.ads, p_ads) with ordinality r
    where r.ad_id is not null
    order by r.ad_id, r.ordinality desc
    on conflict (brand_id, ad_id) do update set
        account_id = excluded.account_id, ad_set_id = coalesce(excluded.ad_set_id, t.ad_set_id),
        campaign_id = coalesce(excluded.campaign_id, t.campaign_id), name = coalesce(excluded.name, t.name),
        effective_status = coalesce(excluded.effective_status, t.effective_status),
        -- The parts of one creative change together: a new creative without a headline has no headline.
        primary_text = case when excluded.creative_id is null then t.primary_text else excluded.primary_text end,
        headline = case when excluded.creative_id is null then t.headline else excluded.headline end,
        description = case when excluded.creative_id is null then t.description else excluded.description end,
        cta = case when excluded.creative_id is null then t.cta else excluded.cta end,
        link_url = case when excluded.creative_id is null then t.link_url else excluded.link_url end,
        object_type = case when excluded.creative_id is null then t.object_type else excluded.object_type end,
        video_id = case when excluded.creative_id is null then t.video_id else excluded.video_id end,
        image_hash = case when excluded.creative_id is null then t.image_hash else excluded.image_hash end,
        creative_id = coalesce(excluded.creative_id, t.creative_id),
        created_time = coalesce(excluded.created_time, t.created_time),
        updated_time = coalesce(excluded.updated_time, t.updated_time),
        creative_changed_at = case when excluded.creative_id is distinct from t.creative_id
            and excluded.creative_id is not null and t.creative_id is not null then now()
            else coalesce(t.creative_changed_at, excluded.created_time) end,
        updated_at = now();

    perform app.touch_brand(p_brand);
    return jsonb_build_object('campaigns', jsonb_array_length(p_campaigns),
        'ad_sets', jsonb_array_length(p_ad_sets), 'ads', jsonb_array_length(p_ads));
end $$;

-- The rule for absent actions over a whole window: on a row with delivery, a count the account reports anywhere in the
-- window is 0 where it is absent. One chunk alone cannot know that.
create function public.settle_absent_actions(p_brand uuid, p_account text, p_from date, p_to date) returns integer
language plpgsql security definer set search_path = '' set statement_timeout = '120s' as $$
declare
    v_rows integer;
begin
    -- Materialized: before the brand's rows are in the statistics, the planner would count them again for each row.
    with reported as materialized (
        select count(link_clicks) > 0 as link_clicks, count(outbound_clicks) > 0 as outbound_clicks,
            count(landing_page_views) > 0 as landing_page_views, count(adds_to_cart) > 0 as adds_to_cart,
            count(checkouts) > 0 as checkouts, count(purchases) > 0 as purchases,
            count(purchase_value) > 0 as purchase_value, count(video_3s) > 0 as video_3s,
            count(thruplays) > 0 as thruplays,
            array_agg(distinct result_type) filter (where results is not null) as result_types
        from public.ad_performance_daily
        where brand_id = p_brand and account_id = p_account and date between p_from and p_to
    )
    update public.ad_performance_daily d set
        link_clicks = case when r.link_clicks then coalesce(d.link_clicks, 0) else d.link_clicks end,
        outbound_clicks = case when r.outbound_clicks then coalesce(d.outbound_clicks, 0) else d.outbound_clicks end,
        landing_page_views = case when r.landing_page_views then coalesce(d.landing_page_views, 0) else d.landing_page_views end,
        adds_to_cart = case when r.adds_to_cart then coalesce(d.adds_to_cart, 0) else d.adds_to_cart end,
        checkouts = case when r.checkouts then coalesce(d.checkouts, 0) else d.checkouts end,
        purchases = case when r.purchases then coalesce(d.purchases, 0) else d.purchases end,
        -- A value absent beside a sale is unknown; beside no sale it is nothing.
        purchase_value = case when r.purchase_value and coalesce(d.purchases, 0) = 0 then coalesce(d.purchase_value, 0)
            else d.purchase_value end,
        video_3s = case when r.video_3s then coalesce(d.video_3s, 0) else d.video_3s end,
        thruplays = case when r.thruplays then coalesce(d.thruplays, 0) else d.thruplays end,
        results = case when d.result_type = any (r.result_types) then coalesce(d.results, 0) else d.results end
    from reported r
    where d.brand_id = p_brand and d.account_id = p_account and d.date between p_from and p_to
      and (d.impressions > 0 or d.spend > 0)
      and ((r.link_clicks and d.link_clicks is null) or (r.outbound_clicks and d.outbound_clicks is null)
        or (r.landing_page_views and d.landing_page_views is null) or (r.adds_to_cart and d.adds_to_cart is null)
        or (r.checkouts and d.checkouts is null) or (r.purchases and d.purchases is null)
        or (r.purchase_value and d.purchase_value is null and coalesce(d.purchases, 0) = 0)
        or (r.video_3s and d.video_3s is null) or (r.thruplays and d.thruplays is null)
        or (d.results is null and d.result_type = any (r.result_types)));
    get diagnostics v_rows = row_count;
    if v_rows > 0 then
        perform app.touch_brand(p_brand);
    end if;
    return v_rows;
end $$;

-- Which of the days came whole, and when: [{day, fetched_on}].
create function public.fetched_days(p_brand uuid, p_account text, p_from date, p_to date) returns jsonb
language sql stable security definer set search_path = '' as $$
    select coalesce(jsonb_agg(jsonb_build_object('day', d.day, 'fetched_at', d.fetched_at)), '[]') from (
        select g::date as day, max(c.attempted_at) as fetched_at
        from public.sync_chunks c, generate_series(greatest(c.date_from, p_from), least(c.date_to, p_to), interval '1 day') g
        where c.brand_id = p_brand and c.account_id = p_account and c.status = 'done'
          and c.date_from <= p_to and c.date_to >= p_from
        group by 1) d
$$;

-- Ads that delivered in the account but that no /ads page has shown.
create function public.unknown_ads(p_brand uuid, p_account text) returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '60s' as $$
    select coalesce(jsonb_agg(d.ad_id), '[]') from (
        select distinct ad_id from public.ad_performance_daily where brand_id = p_brand and account_id = p_account) d
    where not exists (select 1 from public.ads a where a.brand_id = p_brand and a.ad_id = d.ad_id)
$$;

-- An attempt always moves last_attempt_at; only a success moves last_success_at.
create function public.note_dataset(p_brand uuid, p_account text, p_dataset text, p_error text) returns void
language sql security definer set search_path = '' as $$
    insert into public.dataset_status as s (brand_id, account_id, dataset, last_success_at, last_error)
    values (p_brand, p_account, p_dataset, case when p_error is null then now() end, p_error)
    on conflict (brand_id, account_id, dataset) do update set
        last_attempt_at = now(), last_error = excluded.last_error,
        last_success_at = coalesce(excluded.last_success_at, s.last_success_at)
$$;

-- What the account's days look like today, for the maturity of late purchases. Once per day and account.
create function public.snapshot_days(p_brand uuid, p_account text, p_from date, p_seen_on date) returns integer
language plpgsql security definer set search_path = '' set statement_timeout = '60s' as $$
declare
    v_rows integer;
begin
    insert into public.account_day_snapshots (brand_id, account_id, date, seen_on, impressions, spend, link_clicks,
        purchases, purchase_value, results)
    select brand_id, account_id, date, p_seen_on, sum(impressions), sum(spend), sum(link_clicks),
        sum(purchases), sum(purchase_value), sum(results)
    from public.ad_performance_daily
    where brand_id = p_brand and account_id = p_account and date >= p_from
    group by brand_id, account_id, date
    on conflict (brand_id, account_id, date, seen_on) do update set
        impressions = excluded.impressions, spend = excluded.spend, link_clicks = excluded.link_clicks,
        purchases = excluded.purchases, purchase_value = excluded.purchase_value, results = excluded.results;
    get diagnostics v_rows = row_count;
    return v_rows;
end $$;

-- Media not stored yet, those of the highest spend first; one row per distinct picture or video, with its ads. Without
-- nested loops, since a brand whose first rows are not in the planner's statistics would be read again for each ad.
create function public.assets_wanted(p_brand uuid, p_account text, p_kind text, p_limit integer, p_max_tries integer)
returns jsonb
language sql stable security definer set search_path = '' set statement_timeout = '60s' set enable_nestloop = off as $$
    with media as (
        select a.ad_id, case p_kind when 'video' then a.video_id else a.image_hash end as source_key
        from public.ads a where a.brand_id = p_brand and a.account_id = p_account
    ), wanted as (
        select m.ad_id, m.source_key, x.status, coalesce(x.tries, 0) as tries
        from media m left join public.ad_assets x
            on x.brand_id = p_brand and x.ad_id = m.ad_id and x.kind = p_kind and x.source_key = m.source_key
        where m.source_key is not null
          and (x.status is null or (x.status = 'failed' and x.tries < p_max_tries))
    ), spend as (
        select ad_id, sum(spend) as spend from public.ad_performance_daily where brand_id = p_brand group by ad_id
    ), grouped as (
        select w.source_key, jsonb_agg(w.ad_id order by w.ad_id) as ad_ids, max(w.tries) as tries,
            coalesce(sum(s.spend), 0) as spend
        from wanted w left join spend s using (ad_id) group by w.source_key
    )
    select jsonb_build_object(
        'total', (select count(*) from grouped),
        'items', coalesce((select jsonb_agg(jsonb_build_object('source_key', source_key, 'ad_ids', ad_ids, 'tries', tries))
            from (select * from grouped order by spend desc, source_key limit p_limit) g), '[]'))
$$;

create function public.save_assets(p_brand uuid, p_rows jsonb) returns integer
language plpgsql security definer set search_path = '' as $$
declare
    v_rows integer;
begin
    insert into public.ad_assets as t (brand_id, ad_id, kind, source_key, storage_key, sha256, mime, bytes, duration_s,
        status, reason)
    select distinct on (r.ad_id, r.kind) p_brand, r.ad_id, r.kind, r.source_key, r.storage_key, r.sha256, r.mime,
        r.bytes, r.duration_s, r.status, r.reason
    from jsonb_populate_recordset(null::public.ad_assets, p_rows) with ordinality r
    order by r.ad_id, r.kind, r.ordinality desc
    on conflict (brand_id, ad_id, kind) do update set
        tries = case when t.source_key = excluded.source_key then t.tries + 1 else 1 end,
        source_key = excluded.source_key, storage_key = excluded.storage_key, sha256 = excluded.sha256,
        mime = excluded.mime, bytes = excluded.bytes, duration_s = excluded.duration_s, status = excluded.status,
        reason = excluded.reason, updated_at = now();
    get diagnostics v_rows = row_count;
    perform app.touch_brand(p_brand);
    return v_rows;
end $$;

-- An import is staged under status 'loading', which nothing reads, and becomes visible at once in finish_import.
-- The same file again, after a kill or at the same time, goes on with what is staged: each row is there once by its
-- key. A file that was understood in another way since (other dates, columns or sums) is begun from scratch.
create function public.begin_import(p_brand uuid, p_dataset jsonb) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '120s' as $$
declare
    v_existing public.import_datasets;
    v_given public.import_datasets;
    v_unread text[] := array['file_name', 'storage_key'];
    v_id uuid;
begin
    if not app.may_write(p_brand) then
        raise exception 'You may not import into this brand.' using errcode = '42501';
    end if;
    perform pg_advisory_xact_lock(hashtext(p_brand::text || (p_dataset ->> 'file_sha256')));
    select * into v_existing from public.import_datasets
    where brand_id = p_brand and file_sha256 = p_dataset ->> 'file_sha256';
    if v_existing.status = 'ready' then
        return jsonb_build_object('dataset_id', v_existing.id, 'already', true);
    end if;
    -- Over the staged row, so that what remains to differ is what the file was taken for.
    v_given := jsonb_populate_record(v_existing, p_dataset);
    if v_existing.id is not null and to_jsonb(v_given) - v_unread = to_jsonb(v_existing) - v_unread then
        return jsonb_build_object('dataset_id', v_existing.id, 'already', false);
    end if;
    delete from public.import_datasets where id = v_existing.id;
    insert into public.import_datasets (brand_id, file_name, file_sha256, storage_key, level, daily, date_from, date_to,
        currency, attribution_setting, has_text, breakdowns, columns, metrics, totals, account_level, bad_rows,
        reconciliation, reconciles, records, ad_keys, impressions, spend, account_id, account_name)
    select p_brand, d.file_name, d.file_sha256, d.storage_key, d.level, d.daily, d.date_from, d.date_to,
        d.currency, d.attribution_setting, d.has_text, d.breakdowns, d.columns, d.metrics, d.totals, d.account_level,
        d.bad_rows, d.reconciliation, d.reconciles, d.records, d.ad_keys, d.impressions, d.spend,
        d.account_id, d.account_name
    from jsonb_populate_record(null::public.import_datasets, p_dataset) d
    returning id into v_id;
    return jsonb_build_object('dataset_id', v_id, 'already', false);
end $$;

create function public.add_import_rows(p_dataset uuid, p_rows jsonb) returns integer
language plpgsql security definer set search_path = '' set statement_timeout = '120s' as $$
declare
    v_brand uuid;
    v_status text;
    v_rows integer;
begin
    select brand_id, status into v_brand, v_status from public.import_datasets where id = p_dataset;
    if v_brand is null or not app.may_write(v_brand) then
        raise exception 'This import is not open for rows; import the file again.' using errcode = '42501';
    end if;
    if v_status = 'ready' then
        -- Another import of the same file has brought all of these rows.
        return 0;
    end if;
    insert into public.ad_performance_period
    select * from jsonb_populate_recordset(jsonb_populate_record(null::public.ad_performance_period, jsonb_build_object(
        'dataset_id', p_dataset, 'brand_id', v_brand, 'merged_rows', 1)), p_rows) r
    where r.dataset_id = p_dataset and r.brand_id = v_brand
    on conflict (dataset_id, ad_key, date_from, date_to) do nothing;
    get diagnostics v_rows = row_count;
    return v_rows;
end $$;

create function public.finish_import(p_dataset uuid, p_expected_rows integer) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '120s' as $$
declare
    v_brand uuid;
    v_status text;
    v_rows integer;
begin
    select brand_id, status into v_brand, v_status from public.import_datasets where id = p_dataset for update;
    if v_brand is null or not app.may_write(v_brand) then
        raise exception 'There is no such import.' using errcode = '42501';
    end if;
    select count(*) into v_rows from public.ad_performance_period where dataset_id = p_dataset;
    if v_rows <> p_expected_rows then
        raise exception 'The import holds % rows where % were sent; start it again.', v_rows, p_expected_rows
            using errcode = '22023';
    end if;
    if v_status = 'loading' then
        update public.import_datasets set status = 'ready', imported_at = now() where id = p_dataset;
        update public.brands b set currency = d.currency from public.import_datasets d
        where d.id = p_dataset and b.id = v_brand and b.currency is null;
        perform app.touch_brand(v_brand);
    end if;
    return jsonb_build_object('dataset_id', p_dataset, 'rows', v_rows);
end $$;

do $$
declare
    f regprocedure;
begin
    for f in select p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname = 'public' and p.proname in ('apply_insights_chunk', 'apply_ads', 'unknown_ads',
            'settle_absent_actions', 'fetched_days', 'note_dataset',
            'snapshot_days', 'assets_wanted', 'save_assets', 'begin_import', 'add_import_rows', 'finish_import')
    loop
        execute format('revoke all on function %s from public, anon, authenticated', f);
        execute format('grant execute on function %s to service_role', f);
    end loop;
end $$;
