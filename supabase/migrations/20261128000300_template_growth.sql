-- The library with fifty thousand ads, what became of the ads that were made from a template, and readings of templates by
-- models.

-- How long ads run and what they are called, without their words: most questions about the library need no more.
create index scraped_ads_life on public.scraped_ads (organization_id, ad_archive_id) include (active_days, is_active);
create index scraped_ads_pages on public.scraped_ads (organization_id, page_name);
create index generated_ads_of_template on public.generated_ads (template_id) where template_id is not null;

-- How surely a template's ads did better (1) or worse (-1) than was expected of them; 0 where neither is nine to one.
-- p_counted is what they brought, p_expected what the brand's own average would have given, p_squares the sum of the
-- squares of what was expected of each ad. The true cost of an ad differs from the next one's by 40 % (as the analysis has
-- it: a squared coefficient of variation of 0.16), so that a hundred results of one ad say less of its template than ten
-- each of ten: the ratio counts as much as a Poisson count of n = 1 / (1 / expected + 0.16 squares / expected²). Templates
-- differ by as much before anything is known of them: Gamma with 6.25 on both sides, so Gamma after too. Its tail by Wilson
-- and Hilferty's cube root (PNAS 17, 1931).
create function app.made_standing(p_counted double precision, p_expected double precision, p_squares double precision)
returns integer
language sql immutable parallel safe set search_path = '' as $$
    select case when p_expected <= 0 then 0 when s.z < -1.2816 then 1 when s.z > 1.2816 then -1 else 0 end
    from (select coalesce(1 / nullif(1 / nullif(p_expected, 0) + 0.16 * p_squares / nullif(p_expected, 0) ^ 2, 0), 0) as n) e,
        lateral (select 6.25 + coalesce(p_counted / nullif(p_expected, 0), 0) * e.n as shape, 6.25 + e.n as rate) g,
        lateral (select 3 * sqrt(g.shape) * ((g.rate / g.shape) ^ (1.0 / 3) - 1 + 1 / (9 * g.shape)) as z) s
$$;

-- What an account's money bought by kind, so that what is usual need not be added up from every ad's days.
alter table public.account_day_snapshots add column sums_by_type jsonb;
comment on column public.account_day_snapshots.sums_by_type is
    '{kind: {spend, results}} of the day''s ads by the kind of their results; null where the day was seen before it was kept.';

-- The days that matter to what runs now; of an earlier look at a day nobody asks for it.
update public.account_day_snapshots s set sums_by_type = k.sums
from (
    select t.brand_id, t.account_id, t.date, jsonb_object_agg(t.result_type, jsonb_build_object('spend', t.spend,
        'results', t.results)) as sums
    from (select d.brand_id, d.account_id, d.date, d.result_type, sum(d.spend) as spend, sum(d.results) as results
        from public.ad_performance_daily d where d.date > current_date - 120 and d.result_type is not null
        group by 1, 2, 3, 4) t
    group by 1, 2, 3) k
where s.brand_id = k.brand_id and s.account_id = k.account_id and s.date = k.date
  and s.seen_on = (select max(n.seen_on) from public.account_day_snapshots n
    where n.brand_id = s.brand_id and n.account_id = s.account_id and n.date = s.date);

-- As before, with the money of each kind.
create or replace function public.snapshot_days(p_brand uuid, p_account text, p_from date, p_seen_on date) returns integer
language plpgsql security definer set search_path = '' set statement_timeout = '60s' as $$
declare
    v_rows integer;
begin
    insert into public.account_day_snapshots (brand_id, account_id, date, seen_on, impressions, spend, link_clicks,
        purchases, purchase_value, results, results_by_type, sums_by_type)
    select p_brand, p_account, date, p_seen_on, sum(impressions), sum(spend), sum(link_clicks), sum(purchases),
        sum(purchase_value), sum(results),
        coalesce(jsonb_object_agg(result_type, results) filter (where result_type is not null and results is not null), '{}'),
        coalesce(jsonb_object_agg(result_type, jsonb_build_object('spend', spend, 'results', results))
            filter (where result_type is not null), '{}')
    from (
        select date, result_type, sum(impressions) as impressions, sum(spend) as spend, sum(link_clicks) as link_clicks,
            sum(purchases) as purchases, sum(purchase_value) as purchase_value, sum(results) as results
        from public.ad_performance_daily
        where brand_id = p_brand and account_id = p_account and date >= p_from
        group by date, result_type) k
    group by date
    on conflict (brand_id, account_id, date, seen_on) do update set
        impressions = excluded.impressions, spend = excluded.spend, link_clicks = excluded.link_clicks,
        purchases = excluded.purchases, purchase_value = excluded.purchase_value, results = excluded.results,
        results_by_type = excluded.results_by_type, sums_by_type = excluded.sums_by_type;
    get diagnostics v_rows = row_count;
    return v_rows;
end $$;

-- Sums of the ads at Meta that were made from templates, over the p_days up to the newest day of each brand of
-- p_organization that the caller may see: a row for each template, brand and currency. expected_results are those that the
-- brand's own average cost for the same kind of result would have bought for the same money in the same days,
-- expected_clicks those of its average click-through rate, both with the sum of the ads' squares; the averages are of all its accounts' ads, as the last look at
-- each day had them. Results of an ad that had several kinds of them are left out on both sides; an ad that never said its
-- kind is of the one that the brand spends most on.
create function app.made_sums(p_organization uuid, p_templates uuid[] default null, p_days integer default 90)
returns table (template_id uuid, brand_id uuid, currency text, ads bigint, running bigint, spend numeric,
    impressions double precision, link_clicks double precision, results double precision,
    judged_spend double precision, expected_results double precision, expected_results_squares double precision,
    expected_clicks double precision, expected_clicks_squares double precision, first_day date, last_day date)
language sql stable set search_path = '' set statement_timeout = '30s' as $$
    with tied as materialized (
        select g.template_id, m.brand_id, m.ad_id
        from public.generated_ad_matches m
        join public.generated_ads g on g.brand_id = m.brand_id and g.id = m.generated_ad_id
        where m.brand_id in (select b.id from public.brands b where b.organization_id = p_organization)
          and g.template_id is not null and (p_templates is null or g.template_id = any (p_templates))
    ), days as materialized (
        select t.template_id, d.brand_id, d.ad_id, d.currency, d.date, d.spend, d.impressions, d.link_clicks, d.results,
            d.result_type
        from tied t join public.ad_performance_daily d using (brand_id, ad_id)
    ), spans as materialized (
        -- To the newest day of the brand, whichever templates are asked for, so that everybody is told the same.
        select n.brand_id, max(n.newest) - p_days + 1 as first_day, max(n.newest) as last_day from (
            select s.brand_id, max(s.date) as newest from public.account_day_snapshots s
            where s.brand_id in (select brand_id from tied) group by 1
            union all select brand_id, max(date) from days group by 1) n
        group by 1
    ), looks as materialized (
        select distinct on (s.brand_id, s.account_id, s.date) s.brand_id, a.currency, s.impressions, s.link_clicks,
            s.sums_by_type
        from spans p join public.account_day_snapshots s
            on s.brand_id = p.brand_id and s.date between p.first_day and p.last_day
        join public.ad_accounts a on a.brand_id = s.brand_id and a.account_id = s.account_id
        order by s.brand_id, s.account_id, s.date, s.seen_on desc
    ), usual as materialized (
        select l.brand_id, l.currency, k.kind, sum((k.sums ->> 'spend')::double precision) as spend,
            sum((k.sums ->> 'results')::double precision)
                / nullif(sum((k.sums ->> 'spend')::double precision), 0) as per_unit
        from looks l cross join lateral jsonb_each(l.sums_by_type) k(kind, sums) group by 1, 2, 3
    ), main as (
        select distinct on (brand_id, currency) brand_id, currency, kind from usual
        order by brand_id, currency, spend desc nulls last, kind
    ), clicked as (
        select brand_id, currency, sum(link_clicks)::double precision / nullif(sum(impressions), 0) as per_impression
        from looks group by 1, 2
    ), ads as (
        select d.template_id, d.brand_id, d.ad_id, d.currency, sum(d.spend) as spend,
            sum(d.impressions)::double precision as impressions, sum(d.link_clicks)::double precision as link_clicks,
            sum(d.results)::double precision as results, min(d.result_type) as least_kind, max(d.result_type) as kind,
            min(d.date) as first_day, max(d.date) as last_day
        from days d join spans p on p.brand_id = d.brand_id and d.date >= p.first_day
        group by 1, 2, 3, 4
    )
    select a.template_id, a.brand_id, a.currency, count(*), count(*) filter (where x.effective_status = 'ACTIVE'),
        coalesce(sum(a.spend), 0), coalesce(sum(a.impressions), 0), coalesce(sum(a.link_clicks), 0),
        coalesce(sum(a.results) filter (where u.per_unit is not null), 0),
        coalesce(sum(a.spend::double precision) filter (where u.per_unit is not null), 0),
        coalesce(sum(a.spend::double precision * u.per_unit), 0),
        coalesce(sum((a.spend::double precision * u.per_unit) ^ 2), 0),
        coalesce(sum(a.impressions * c.per_impression), 0), coalesce(sum((a.impressions * c.per_impression) ^ 2), 0), min(a.first_day), max(a.last_day)
    from ads a
    left join main m on m.brand_id = a.brand_id and m.currency = a.currency
    left join usual u on u.brand_id = a.brand_id and u.currency = a.currency
        and u.kind = case when a.least_kind < a.kind then null else coalesce(a.kind, m.kind) end
    left join clicked c on c.brand_id = a.brand_id and c.currency = a.currency
    left join public.ads x on x.brand_id = a.brand_id and x.ad_id = a.ad_id
    group by a.template_id, a.brand_id, a.currency
$$;

-- What became of the ads that were made from these templates (all of the organisation's without any named), over the last
-- p_days with numbers: [{template_id, made, ads, running, impressions, link_clicks, results, expected_results,
-- expected_results_squares, expected_clicks, expected_clicks_squares, first_day, last_day, money: [{currency, spend, judged_spend, results}]}]. `made` are ads that were made,
-- whether or not one ran. See app.made_sums for what is expected.
create function public.template_results(p_brand uuid, p_templates uuid[] default null, p_days integer default 90)
returns json
language sql stable set search_path = '' set statement_timeout = '30s' as $$
    with mine as materialized (
        select organization_id as id from public.brands where id = p_brand
    ), sums as materialized (
        select * from app.made_sums((select id from mine), p_templates, p_days)
    ), made as (
        select g.template_id, count(*) as made from public.generated_ads g
        where g.template_id is not null and (p_templates is null or g.template_id = any (p_templates))
          and g.brand_id in (select id from public.brands where organization_id = (select id from mine))
        group by 1
    ), together as (
        select s.template_id, sum(s.ads) as ads, sum(s.running) as running, sum(s.impressions) as impressions,
            sum(s.link_clicks) as link_clicks, sum(s.results) as results, sum(s.expected_results) as expected_results,
            sum(s.expected_results_squares) as expected_results_squares, sum(s.expected_clicks) as expected_clicks,
            sum(s.expected_clicks_squares) as expected_clicks_squares, min(s.first_day) as first_day, max(s.last_day) as last_day
        from sums s group by 1
    ), money as (
        select template_id, json_agg(json_build_object('currency', currency, 'spend', spend, 'judged_spend', judged_spend,
            'results', results) order by spend desc, currency) as money
        from (select template_id, currency, sum(spend) as spend, sum(judged_spend) as judged_spend, sum(results) as results
            from sums group by 1, 2) c
        group by 1
    )
    select coalesce(json_agg(json_build_object('template_id', m.template_id, 'made', m.made, 'ads', coalesce(t.ads, 0),
        'running', coalesce(t.running, 0), 'impressions', coalesce(t.impressions, 0),
        'link_clicks', coalesce(t.link_clicks, 0), 'results', coalesce(t.results, 0),
        'expected_results', coalesce(t.expected_results, 0), 'expected_results_squares', coalesce(t.expected_results_squares, 0),
        'expected_clicks', coalesce(t.expected_clicks, 0),
        'expected_clicks_squares', coalesce(t.expected_clicks_squares, 0), 'first_day', t.first_day, 'last_day', t.last_day, 'money', coalesce(c.money, '[]')) order by m.template_id), '[]')
    from made m left join together t using (template_id) left join money c using (template_id)
$$;

-- Templates for a product, the best first; of p_templates, in their order, where these are named.
-- 1. Those that the product has not used before those it has.
-- 2. Of each, first those whose ads did better than the brands' own average, last those whose ads did worse, both at nine to
--    one (app.made_standing over the results, see app.made_sums); few results or ads decide nothing and stand between.
-- 3. Then those that were used less, then those whose ad ran longest with its own brand.
-- [{id, name, awareness, hook, layout, storage_key, sha256, phash, uses, active_days, standing}].
create or replace function public.template_choices(p_brand uuid, p_product uuid, p_templates uuid[], p_limit integer)
returns json
language sql stable set search_path = '' set statement_timeout = '30s' set enable_nestloop = off set jit = off as $$
    with mine as materialized (
        select organization_id as id from public.brands where id = p_brand
    ), stood as materialized (
        select s.template_id, app.made_standing(sum(s.results), sum(s.expected_results),
            sum(s.expected_results_squares)) as standing
        from app.made_sums((select id from mine), p_templates) s group by 1
    ), best as (
        select t.id, coalesce(u.uses, 0) as uses, coalesce(s.standing, 0) as standing, a.active_days
        from public.templates t
        left join public.scraped_ads a on a.organization_id = t.organization_id and a.ad_archive_id = t.ad_archive_id
            and a.organization_id = (select id from mine)
        left join public.template_usage u on u.brand_id = p_brand and u.product_id = p_product and u.template_id = t.id
        left join stood s on s.template_id = t.id
        where t.organization_id = (select id from mine) and t.archived_at is null
          and (p_templates is null or t.id = any (p_templates))
        order by array_position(p_templates, t.id), coalesce(u.uses, 0) > 0, coalesce(s.standing, 0) desc,
            coalesce(u.uses, 0), a.active_days desc nulls last, t.created_at, t.id limit p_limit
    ), chosen as materialized (
        select *, row_number() over () as place from best
    )
    select coalesce(json_agg(json_build_object('id', t.id, 'name', t.name, 'awareness', t.awareness, 'hook', t.hook,
        'layout', t.layout, 'storage_key', t.storage_key, 'sha256', t.sha256, 'phash', t.phash, 'uses', c.uses,
        'active_days', c.active_days, 'standing', c.standing) order by c.place), '[]')
    from chosen c join public.templates t using (id)
$$;

-- As before, over names alone.
create or replace function public.foreign_brand_names(p_brand uuid, p_limit integer default 1000) returns json
language sql stable set search_path = '' set statement_timeout = '30s' as $$
    with mine as materialized (
        select organization_id as id, array(select lower(n) from unnest(name || aliases) n) as own
        from public.brands where id = p_brand
    ), pages as materialized (
        select a.page_name, count(*) as ads from public.scraped_ads a
        where a.organization_id = (select id from mine) and a.page_name is not null group by 1
    )
    select coalesce(json_agg(f.page_name order by f.ads desc, f.page_name), '[]') from (
        select p.page_name, p.ads from pages p
        where length(trim(p.page_name)) > 1 and lower(p.page_name) <> all (select unnest(own) from mine)
        order by p.ads desc, p.page_name limit p_limit) f
$$;

-- What every view of the library says above itself: {templates, waiting, pending, ads, newest_scrape}.
create function public.template_counts(p_brand uuid) returns json
language sql stable set search_path = '' set statement_timeout = '30s' as $$
    with mine as materialized (
        select organization_id as id from public.brands where id = p_brand
    )
    select json_build_object(
        'templates', (select count(*) from public.templates
            where organization_id = (select id from mine) and archived_at is null),
        'waiting', (select count(*) from public.template_queue
            where organization_id = (select id from mine) and status = 'analysed'),
        'pending', (select count(*) from public.template_queue
            where organization_id = (select id from mine) and status = 'pending'),
        'ads', (select count(*) from public.scraped_ads where organization_id = (select id from mine)),
        'newest_scrape', (select row_to_json(s) from (
            select source, search_url, status, reason, counts, complete, started_at, finished_at
            from public.template_scrapes where organization_id = (select id from mine)
            order by started_at desc limit 1) s))
$$;

-- As before, but that the words of ads are read only for a search, and for the page that is shown. What stands above every
-- view is template_counts'. {templates, found, layouts, stages, hooks, items}.
create or replace function public.template_library(
    p_brand uuid, p_search text default '', p_layout text default null, p_awareness text default null,
    p_hook text default null, p_running boolean default null, p_archived boolean default false,
    p_sort text default 'longevity', p_limit integer default 24, p_offset integer default 0
) returns json
language sql stable set search_path = '' set statement_timeout = '30s' set enable_nestloop = off set jit = off as $$
    with mine as materialized (
        select organization_id as id from public.brands where id = p_brand
    ), every as materialized (
        select t.id, t.ad_archive_id, t.queue_id, t.layout, t.awareness, t.hook, a.active_days, t.created_at,
            case p_sort when 'name' then lower(t.name) end as sorted,
            (p_layout is null or t.layout = p_layout) and (p_awareness is null or t.awareness = p_awareness)
            and (p_hook is null or t.hook = p_hook) and (p_running is null or a.is_active = p_running) as fits
        from public.templates t join public.scraped_ads a using (organization_id, ad_archive_id)
        where t.organization_id = (select id from mine) and a.organization_id = (select id from mine)
          and (t.archived_at is not null) = p_archived
    ), hits as materialized (
        select t.id from public.templates t join public.scraped_ads a using (organization_id, ad_archive_id)
        where p_search <> '' and t.organization_id = (select id from mine) and a.organization_id = (select id from mine)
          and (t.archived_at is not null) = p_archived and position(lower(p_search) in
              lower(concat_ws(' ', t.name, t.description, t.audience, t.industry, a.page_name, a.title, a.body))) > 0
    ), fitting as materialized (
        select * from every where fits and (p_search = '' or id in (select id from hits))
    ), page as materialized (
        select e.*, row_number() over () as place from (
            select id, ad_archive_id, queue_id from fitting
            order by case p_sort when 'longevity' then active_days end desc nulls last, sorted, created_at desc, id
            limit p_limit offset p_offset) e
    ), shown as (
        select p.place, t.id, t.ad_archive_id, t.name, t.description, t.layout, t.industry, t.audience, t.awareness,
            t.hook, t.text_regions, t.storage_key, t.width, t.height, t.archived_at, t.created_at, q.decided_how,
            q.confidence, q.reading, a.page_name, a.title, a.body, a.cta, a.snapshot_url, a.platforms, a.started_on,
            a.ended_on, a.first_seen_at, a.last_seen_at, a.active_days, a.variants, a.times_seen, a.is_active
        from page p join public.templates t using (id) join public.template_queue q on q.id = t.queue_id
        join public.scraped_ads a on a.organization_id = t.organization_id and a.ad_archive_id = t.ad_archive_id
        where t.id = any (array(select id from page)) and a.organization_id = (select id from mine)
          and a.ad_archive_id = any (array(select ad_archive_id from page))
          and q.id = any (array(select queue_id from page))
    ), counted as materialized (
        select layout, awareness, hook, count(*) as n from every group by 1, 2, 3
    )
    select json_build_object(
        'templates', (select count(*) from every), 'found', (select count(*) from fitting),
        'layouts', (select coalesce(json_object_agg(layout, n), '{}') from (
            select layout, sum(n) as n from counted group by 1 order by 2 desc, 1) c),
        'stages', (select coalesce(json_object_agg(awareness, n), '{}') from (
            select awareness, sum(n) as n from counted group by 1 order by 2 desc, 1) c),
        'hooks', (select coalesce(json_object_agg(hook, n), '{}') from (
            select hook, sum(n) as n from counted group by 1 order by 2 desc, 1) c),
        'items', (select coalesce(json_agg(row_to_json(s) order by s.place), '[]') from shown s))
$$;

-- As before; what a run held that is not running any more is free at once.
create or replace function public.claim_template_items(
    p_brand uuid, p_claim text, p_limit integer, p_lease_s double precision
) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '30s' as $$
declare
    v_organization uuid;
    v_run text := split_part(p_claim, ':', 1);
    v_gone text[];
    v jsonb;
begin
    select organization_id into strict v_organization from public.brands where id = p_brand;
    select coalesce(array_agg(r.id::text), '{}') into v_gone from public.scheduled_job_runs r
    where r.state <> 'running' and r.id in (
        select split_part(q.claimed_by, ':', 1)::uuid from public.template_queue q
        where q.organization_id = v_organization and q.status = 'pending'
          and q.claimed_by ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}:');
    update public.template_queue q
    set status = 'failed', claimed_by = null, claimed_until = null,
        reason = coalesce(q.reason, 'Reading it ended without an answer three times.')
    from (select id from public.template_queue
        where organization_id = v_organization and status = 'pending' and tries >= 3
          and (claimed_until is null or claimed_until < now() or split_part(claimed_by, ':', 1) = any (v_gone || v_run))
        for update skip locked) lost
    where q.id = lost.id;
    with free as materialized (
        select id from public.template_queue
        where organization_id = v_organization and status = 'pending' and tries < 3
          and (claimed_until is null or claimed_until < now() or split_part(claimed_by, ':', 1) = any (v_gone)
            or (split_part(claimed_by, ':', 1) = v_run and claimed_by <> p_claim))
        order by created_at, id limit p_limit for update skip locked
    ), taken as (
        update public.template_queue q
        set claimed_by = p_claim, claimed_until = now() + make_interval(secs => p_lease_s), tries = q.tries + 1
        from free f where q.id = f.id
        returning q.id, q.ad_archive_id, q.sha256, q.storage_key, q.width, q.height, q.created_at
    )
    select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'sha256', t.sha256, 'storage_key', t.storage_key,
            'width', t.width, 'height', t.height, 'page_name', a.page_name, 'body', a.body, 'title', a.title, 'cta', a.cta,
            'display_format', a.display_format) order by t.created_at, t.id), '[]') into v
    from taken t join public.scraped_ads a on a.organization_id = v_organization and a.ad_archive_id = t.ad_archive_id;
    return v;
end $$;

-- Ends a call about an item and stores what it bought, in one transaction; gives the item's status. A reading
-- {reading, flags, confidence} is kept whoever holds the item by now, since it is paid for; of two the first stays. A
-- reason {reason} is a try: the third fails the item. Nothing gives the item back without counting one, and both only where
-- p_claim still holds it. p_result as of finish_reading.
create function public.finish_template_call(p_call uuid, p_result jsonb, p_item uuid, p_claim text, p_found jsonb)
returns text
language plpgsql security definer set search_path = '' set statement_timeout = '30s' as $$
begin
    perform public.finish_reading(p_call, p_result);
    if p_found ? 'reading' then
        update public.template_queue
        set status = 'analysed', reading = p_found -> 'reading', confidence = (p_found ->> 'confidence')::double precision,
            flags = array(select jsonb_array_elements_text(p_found -> 'flags')), reason = null, claimed_by = null,
            claimed_until = null
        where id = p_item and status = 'pending';
    else
        update public.template_queue
        set status = case when p_found ? 'reason' and tries >= 3 then 'failed' else 'pending' end,
            tries = case when p_found ? 'reason' then tries else greatest(0, tries - 1) end,
            reason = coalesce(p_found ->> 'reason', reason), claimed_by = null, claimed_until = null
        where id = p_item and status = 'pending' and claimed_by = p_claim;
    end if;
    return (select status from public.template_queue where id = p_item);
end $$;

revoke all on function app.made_standing(double precision, double precision, double precision), app.made_sums(uuid, uuid[], integer),
    public.template_results(uuid, uuid[], integer), public.template_counts(uuid),
    public.finish_template_call(uuid, jsonb, uuid, text, jsonb) from public, anon, authenticated, service_role;
grant execute on function app.made_standing(double precision, double precision, double precision), app.made_sums(uuid, uuid[], integer),
    public.template_results(uuid, uuid[], integer), public.template_counts(uuid) to authenticated, service_role;
grant execute on function public.finish_template_call(uuid, jsonb, uuid, text, jsonb) to service_role;
