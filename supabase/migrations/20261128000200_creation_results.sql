-- What became of ads that were made here: for what they were made, and what those that ran at Meta did there. Both run as
-- their caller, under row level security, and answer with one json value.

-- The newest runs that something asked for, [{run, origin, title, status, wanted, approved, needs_person, rejected,
-- started_at}], newest first. `title` is what the recommendation of that cause says, null where there is none any more.
create function public.creation_origins(p_brand uuid, p_limit integer default 200) returns json
language sql stable set search_path = '' set statement_timeout = '30s' as $$
    with runs as materialized (
        select r.id, r.parameters ->> 'origin' as origin, r.status, r.wanted, r.started_at
        from public.creation_runs r
        where r.brand_id = p_brand and r.parameters ->> 'origin' is not null
        order by r.started_at desc, r.id limit p_limit
    ), counts as (
        select a.run_id, count(*) filter (where a.status = 'approved') as approved,
            count(*) filter (where a.status = 'needs_person') as needs_person,
            count(*) filter (where a.status = 'rejected') as rejected
        from public.generated_ads a where a.brand_id = p_brand and a.run_id in (select id from runs) group by a.run_id
    ), titles as (
        select distinct on (c.cause_key) c.cause_key, c.title
        from public.ad_intelligence_recommendations c
        where c.brand_id = p_brand and c.cause_key in (select substr(origin, 16) from runs where origin like 'recommendation:%')
        order by c.cause_key, c.created_at desc
    )
    select coalesce(json_agg(json_build_object('run', r.id, 'origin', r.origin, 'title', t.title, 'status', r.status,
        'wanted', r.wanted, 'approved', coalesce(c.approved, 0), 'needs_person', coalesce(c.needs_person, 0),
        'rejected', coalesce(c.rejected, 0), 'started_at', r.started_at) order by r.started_at desc, r.id), '[]')
    from runs r left join counts c on c.run_id = r.id
    left join titles t on r.origin like 'recommendation:%' and t.cause_key = substr(r.origin, 16)
$$;

-- What ads that were made here did: {goal, currency, first, last, approved, running, other_currencies, ads, others}.
--   first, last  the days that are counted: from the first delivery of such an ad to the last, at most p_days
--   currency     that in which most was spent on them; other_currencies counts those with spend in another
--   ads          one for each made ad that runs at Meta: its words, where it comes from, the ads it ran as, and `sums` over
--                these days, null before its first delivery
--   others       the other ads of the same accounts in the same days, as columns, a list each, of one length
-- result_type is 'mixed' where results are of several kinds, and results are null then; an objective that differs is null.
create function public.creation_results(p_brand uuid, p_days integer default 90) returns json
language sql stable set search_path = '' set statement_timeout = '30s' set enable_nestloop = off as $$
    with matches as materialized (
        select m.ad_id collate "C" as ad_id, m.generated_ad_id from public.generated_ad_matches m where m.brand_id = p_brand
    ), delivered as materialized (
        select d.ad_id, d.account_id, d.date, d.currency, d.spend from public.ad_performance_daily d
        join matches m on m.ad_id = d.ad_id collate "C"
        where d.brand_id = p_brand and (d.impressions > 0 or d.spend > 0)
    ), span as materialized (
        select c.currency, max(d.date) as last, greatest(min(d.date), max(d.date) - p_days + 1) as first
        from delivered d join (select currency from delivered group by currency
            order by sum(spend) desc nulls last, currency limit 1) c using (currency)
        group by c.currency
    ), each as materialized (
        select d.ad_id collate "C" as ad_id, min(d.date) as first, max(d.date) as last,
            sum(d.impressions)::float8 as impressions, sum(d.spend)::float8 as spend,
            sum(d.link_clicks)::float8 as link_clicks, sum(d.purchases)::float8 as purchases,
            sum(d.purchase_value)::float8 as purchase_value, sum(d.results)::float8 as results,
            min(d.result_type collate "C") as least_type, max(d.result_type collate "C") as result_type
        from span s join public.ad_performance_daily d on d.brand_id = p_brand and d.currency = s.currency
            and d.date between s.first and s.last
            and d.account_id in (select account_id from delivered)
        where d.impressions > 0 or d.spend > 0
        group by 1
    ), units as materialized (
        select m.generated_ad_id, coalesce(m.generated_ad_id::text, e.ad_id) collate "C" as unit, min(e.first) as first,
            max(e.last) as last, sum(e.impressions) as impressions, sum(e.spend) as spend, sum(e.link_clicks) as link_clicks,
            sum(e.purchases) as purchases, sum(e.purchase_value) as purchase_value,
            case when min(e.least_type) is not distinct from max(e.result_type) then sum(e.results) end as results,
            case when min(e.least_type) is distinct from max(e.result_type) then 'mixed' else max(e.result_type) end
                as result_type,
            case when min(c.objective) is not distinct from max(c.objective) then max(c.objective) end as objective
        from each e left join matches m on m.ad_id = e.ad_id
        left join public.ads a on a.brand_id = p_brand and a.ad_id = e.ad_id
        left join public.campaigns c on c.brand_id = p_brand and c.campaign_id = a.campaign_id
        group by 1, 2
    ), ran as (
        select generated_ad_id, json_agg(ad_id order by ad_id) as ad_ids from matches group by generated_ad_id
    )
    select json_build_object(
        'goal', (select coalesce(b.goal, (select s.head ->> 'goal' from app.analysis_shown(p_brand) s), 'purchase')
            from public.brands b where b.id = p_brand),
        'currency', (select currency from span), 'first', (select first from span), 'last', (select last from span),
        'approved', (select count(*) from public.generated_ads g where g.brand_id = p_brand and g.status = 'approved'),
        'running', (select count(*) from ran),
        'other_currencies', (select count(distinct d.ad_id) from delivered d, span s where d.currency <> s.currency),
        'ads', (select coalesce(json_agg(json_build_object('id', g.id, 'run', g.run_id, 'variation', g.variation,
                'token', g.token, 'status', g.status, 'headline', g.copy ->> 'headline', 'awareness', g.awareness,
                'angle', g.angle, 'origin', r.parameters ->> 'origin', 'ad_ids', n.ad_ids,
                'template', case when t.id is not null then json_build_object('id', t.id, 'name', t.name,
                    'storage_key', t.storage_key) end,
                'picture', (select i.storage_key from public.generated_ad_images i
                    where i.brand_id = g.brand_id and i.ad_id = g.id order by i.size limit 1),
                'sums', case when u.unit is not null then json_build_object('first', u.first, 'last', u.last,
                    'impressions', u.impressions, 'spend', u.spend, 'link_clicks', u.link_clicks,
                    'purchases', u.purchases, 'purchase_value', u.purchase_value, 'results', u.results,
                    'result_type', u.result_type, 'objective', u.objective) end)
                order by u.spend desc nulls last, g.created_at, g.variation), '[]')
            from ran n join public.generated_ads g on g.brand_id = p_brand and g.id = n.generated_ad_id
            join public.creation_runs r on r.brand_id = p_brand and r.id = g.run_id
            left join public.templates t on t.id = g.template_id
            left join units u on u.generated_ad_id = g.id),
        'others', (select json_build_object('impressions', coalesce(json_agg(impressions order by unit), '[]'),
                'spend', coalesce(json_agg(spend order by unit), '[]'),
                'link_clicks', coalesce(json_agg(link_clicks order by unit), '[]'),
                'purchases', coalesce(json_agg(purchases order by unit), '[]'),
                'purchase_value', coalesce(json_agg(purchase_value order by unit), '[]'),
                'results', coalesce(json_agg(results order by unit), '[]'),
                'result_type', coalesce(json_agg(result_type order by unit), '[]'),
                'objective', coalesce(json_agg(objective order by unit), '[]'))
            from units where generated_ad_id is null))
$$;

revoke all on function public.creation_origins(uuid, integer), public.creation_results(uuid, integer)
    from public, anon, authenticated, service_role;
grant execute on function public.creation_origins(uuid, integer), public.creation_results(uuid, integer)
    to authenticated, service_role;
