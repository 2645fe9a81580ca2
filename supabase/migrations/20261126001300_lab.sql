-- What the threshold lab replays, and what a cell of the coverage map is made of. All run as their caller.

-- The days of ads as arrays: of at most 120 days up to p_to, and of the 2,000 ads that spent most in them, {first, last,
-- stored, ads_in_all, spend_in_all, attribution, ads: [{ad_id, …, days, spend, impressions, …}]}. `days` counts from
-- `first`, 0 for it; the arrays beside it have its length, null where a day does not report it. `stored` counts days
-- with any row of these ads. Of an imported file (p_dataset) only rows of a single day are days.
create function public.replay_days(p_brand uuid, p_currency text, p_from date, p_to date, p_dataset uuid default null)
returns json
language sql stable set search_path = '' set statement_timeout = '30s' set enable_nestloop = off as $$
    with rows as not materialized (
        select ad_id, date, spend, impressions, link_clicks, landing_page_views, video_3s, purchases, purchase_value,
            results, result_type, attribution_setting
        from public.ad_performance_daily
        where p_dataset is null and brand_id = p_brand and currency = p_currency
          and date between greatest(p_from, p_to - 119) and p_to
        union all
        select p.ad_key, p.date_from, p.spend, p.impressions, p.link_clicks, p.landing_page_views, p.video_3s, p.purchases,
            p.purchase_value, p.results, p.result_type, d.attribution_setting
        from public.ad_performance_period p join public.import_datasets d on d.id = p.dataset_id and d.status = 'ready'
        where p.dataset_id = p_dataset and p.brand_id = p_brand and p.date_from = p.date_to
          and p.date_from between greatest(p_from, p_to - 119) and p_to
    ), sums as materialized (
        select ad_id, sum(spend) as total from rows group by ad_id
    ), chosen as materialized (
        select ad_id, total from sums order by total desc nulls last, ad_id limit 2000
    ), used as materialized (
        select r.* from rows r join chosen using (ad_id)
    ), arrays as (
        select ad_id, max(c.total) as total,
            case when count(distinct r.result_type) = 1 then max(r.result_type) end as result_type,
            array_agg(r.date - greatest(p_from, p_to - 119) order by r.date) as days,
            array_agg(r.spend::float8 order by r.date) as spend,
            array_agg(r.impressions order by r.date) as impressions,
            array_agg(r.link_clicks order by r.date) as link_clicks,
            array_agg(r.landing_page_views order by r.date) as landing_page_views,
            array_agg(r.video_3s order by r.date) as video_3s,
            array_agg(r.purchases order by r.date) as purchases,
            array_agg(r.purchase_value::float8 order by r.date) as purchase_value,
            array_agg(r.results::float8 order by r.date) as results
        from used r join chosen c using (ad_id) group by ad_id
    )
    select json_build_object('first', greatest(p_from, p_to - 119), 'last', p_to,
        'stored', (select count(*) from (select date from used group by date) d),
        'ads_in_all', (select count(*) from sums), 'spend_in_all', (select coalesce(sum(total), 0)::float8 from sums),
        'attribution', (select max(attribution_setting) from used),
        'ads', coalesce((select json_agg(row_to_json(f)) from (
            select y.ad_id, coalesce(a.name, p.ad_name) as ad_name, c.objective,
                case when a.object_type in ('video', 'image', 'carousel') then a.object_type
                     when a.object_type is not null then 'other' end as media_type,
                coalesce((a.created_time at time zone coalesce(acc.timezone, 'UTC'))::date,
                    (select min(e.date) from public.ad_performance_daily e
                     where p_dataset is null and e.brand_id = p_brand and e.ad_id = y.ad_id)) as created_on,
                (a.creative_changed_at at time zone coalesce(acc.timezone, 'UTC'))::date as creative_changed_on,
                y.result_type, y.days, y.spend, y.impressions, y.link_clicks, y.landing_page_views, y.video_3s,
                y.purchases, y.purchase_value, y.results
            from arrays y
            left join public.ads a on p_dataset is null and a.brand_id = p_brand and a.ad_id = y.ad_id
            left join (select ad_key, max(ad_name) as ad_name from public.ad_performance_period
                where dataset_id = p_dataset and brand_id = p_brand group by ad_key) p on p.ad_key = y.ad_id
            left join public.campaigns c on c.brand_id = p_brand and c.campaign_id = a.campaign_id
            left join public.ad_accounts acc on acc.brand_id = p_brand and acc.account_id = a.account_id
            order by y.total desc nulls last, y.ad_id) f), '[]'))
$$;

-- What the coverage map shows of a brand's newest analysis, of the usual question where there is one (as in
-- brand_overviews): {id, date_from, date_to, days, source, finished_at, summary}; null before the first. `summary` has
-- what the map is made of alone.
create function public.coverage_map(p_brand uuid) returns jsonb
language sql stable set search_path = '' as $$
    select jsonb_build_object('id', r.id, 'date_from', r.date_from, 'date_to', r.date_to, 'days', r.days,
        'source', r.source, 'finished_at', r.finished_at,
        'summary', (select coalesce(jsonb_object_agg(key, value), '{}') from jsonb_each(r.summary)
            where key in ('currency', 'goal', 'target', 'totals', 'classified', 'distribution', 'gaps', 'tags', 'insights',
                'coverage_cells', 'ads')))
    from public.ad_intelligence_runs r
    where r.brand_id = p_brand and r.goal = 'full_analysis' and r.status = 'completed'
    order by (r.scope ~ ':(30|period)$') desc, r.started_at desc limit 1
$$;

-- The ads that an analysis judged and that have these labels now ('' for none), highest spend first, {total, ads}: each
-- with its verdict and the numbers behind it as they are stored.
create function public.coverage_ads(
    p_run uuid, p_awareness text, p_format text, p_limit integer default 24, p_offset integer default 0
) returns jsonb
language sql stable set search_path = '' set statement_timeout = '30s' set enable_nestloop = off as $$
    with fitting as materialized (
        select d.ad_id, d.verdict, d.reason, d.probability, d.detail, (d.detail ->> 'spend')::float8 as spend
        from public.ad_intelligence_diagnostics d
        left join app.ad_labels((select brand_id from public.ad_intelligence_runs where id = p_run)) l using (ad_id)
        where d.run_id = p_run and d.diagnosis = 'winner_loser'
          and coalesce(l.awareness, '') = p_awareness and coalesce(l.format, '') = p_format
    )
    select jsonb_build_object('total', (select count(*) from fitting), 'ads', coalesce((
        select jsonb_agg(jsonb_build_object('ad_id', f.ad_id, 'ad_name', f.detail -> 'ad_name', 'spend', f.spend,
            'conversions', f.detail -> 'conversions', 'cpa', f.detail -> 'cpa', 'cpa_low', f.detail -> 'cpa_low',
            'cpa_high', f.detail -> 'cpa_high', 'verdict', f.verdict, 'reason', f.reason, 'probability', f.probability)
            order by f.spend desc nulls last, f.ad_id)
        from (select * from fitting order by spend desc nulls last, ad_id limit p_limit offset p_offset) f), '[]'))
$$;

revoke all on function public.replay_days(uuid, text, date, date, uuid), public.coverage_map(uuid),
    public.coverage_ads(uuid, text, text, integer, integer) from public, anon, authenticated;
grant execute on function public.replay_days(uuid, text, date, date, uuid), public.coverage_map(uuid),
    public.coverage_ads(uuid, text, text, integer, integer) to authenticated, service_role;
