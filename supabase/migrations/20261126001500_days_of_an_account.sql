-- As before, but for how many days are there: asked of each day, and not of each row.
create or replace function public.analysis_context(p_brand uuid) returns jsonb
language sql stable set search_path = '' set statement_timeout = '60s' as $$
    select jsonb_build_object(
        'brand', to_jsonb(b),
        'data_version', coalesce((select version from public.brand_data_versions where brand_id = p_brand), 0),
        'accounts', coalesce((select jsonb_agg(to_jsonb(a) - 'accounts' || jsonb_build_object(
                'first_day', d.first_day, 'last_full_day', d.last_full_day, 'days', n.days, 'fetched_to', f.fetched_to)
                order by s.spend desc nulls last, a.account_id)
            from (select *, count(*) over () as accounts from public.ad_accounts where brand_id = p_brand) a
            left join lateral (select
                (select p.date from public.ad_performance_daily p
                    where p.brand_id = p_brand and p.account_id = a.account_id order by p.date limit 1) as first_day,
                (select p.date from public.ad_performance_daily p
                    where p.brand_id = p_brand and p.account_id = a.account_id and not p.is_partial
                    order by p.date desc limit 1) as last_full_day) d on true
            left join lateral (
                -- Asked day by day: as a join, it would be answered by a look at every row.
                select count((select 1 from public.ad_performance_daily p where p.brand_id = p_brand
                    and p.account_id = a.account_id and p.date = g::date limit 1)) as days
                from generate_series(d.first_day, (select max(p.date) from public.ad_performance_daily p
                    where p.brand_id = p_brand and p.account_id = a.account_id), '1 day') g) n on true
            left join lateral (
                select sum(p.spend) as spend from public.ad_performance_daily p
                where a.accounts > 1 and p.brand_id = p_brand and p.account_id = a.account_id
                  and p.date > d.last_full_day - 90) s on true
            left join lateral (
                -- The day on which a chunk was read was not over yet.
                select max(least(c.date_to,
                    (c.attempted_at at time zone coalesce(a.timezone, 'UTC'))::date - 1)) as fetched_to
                from public.sync_chunks c
                where c.brand_id = p_brand and c.account_id = a.account_id and c.status = 'done') f on true), '[]'),
        'status', coalesce((select jsonb_agg(to_jsonb(s)) from public.dataset_status s where s.brand_id = p_brand), '[]'),
        'datasets', coalesce((select jsonb_agg(to_jsonb(i) - 'columns' - 'bad_rows' - 'reconciliation' order by imported_at)
            from public.import_datasets i where i.brand_id = p_brand and status = 'ready'), '[]'))
    from public.brands b where b.id = p_brand
$$;
