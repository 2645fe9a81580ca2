-- What Home and the pages of a brand begin with, for all brands in one call. Run as their caller.

-- `analysis` is the newest of the usual question (30 days, or an import's own period), so that another window asked for
-- in passing does not stand for the brand; the newest of any where there is none. `runs` are those that wait or work,
-- and the newest ended one of each type.
create function public.brand_overviews(p_brand uuid default null) returns jsonb
language sql stable set search_path = '' as $$
    select coalesce(jsonb_object_agg(b.id, jsonb_build_object(
        'analysis', (
            select jsonb_build_object('id', r.id, 'date_from', r.date_from, 'date_to', r.date_to, 'days', r.days,
                'source', r.source, 'summary', r.summary - array['recommendations', 'distribution', 'rules'], 'blocks', r.blocks, 'finished_at', r.finished_at)
            from public.ad_intelligence_runs r
            where r.brand_id = b.id and r.goal = 'full_analysis' and r.status = 'completed'
            order by (r.scope ~ ':(30|period)$') desc, r.started_at desc limit 1),
        'accounts', (select coalesce(jsonb_agg(to_jsonb(a) order by a.account_id), '[]')
            from public.ad_accounts a where a.brand_id = b.id),
        'runs', (
            select coalesce(jsonb_agg(to_jsonb(r) order by r.created_at desc, r.id), '[]')
            from (
                (select * from public.scheduled_job_runs
                where brand_id = b.id and state in ('queued', 'running') order by created_at desc limit 100)
                union all
                select t.* from (select distinct job_type from public.scheduled_jobs where brand_id = b.id) k
                cross join lateral (
                    select * from public.scheduled_job_runs
                    where brand_id = b.id and job_type = k.job_type and state not in ('queued', 'running')
                    order by created_at desc limit 1) t
            ) r),
        'alerts', (select coalesce(jsonb_agg(to_jsonb(a) order by a.opened_at desc, a.id), '[]')
            from public.alerts a where a.brand_id = b.id and a.closed_at is null),
        'synced', (select to_jsonb(s) from public.dataset_status s
            where s.brand_id = b.id and s.dataset = 'insights' order by s.last_attempt_at desc limit 1),
        'imported', (
            select jsonb_build_object('file_name', d.file_name, 'imported_at', d.imported_at, 'date_to', d.date_to)
            from public.import_datasets d where d.brand_id = b.id and d.status = 'ready'
            order by d.imported_at desc limit 1))), '{}')
    from public.brands b where p_brand is null or b.id = p_brand
$$;

-- What stands in the way of fresh numbers, for the head of a page: accounts that no longer answer, and open alerts.
create function public.troubles(p_brand uuid default null) returns jsonb
language sql stable set search_path = '' as $$
    select jsonb_build_object(
        'accounts', (select coalesce(jsonb_agg(to_jsonb(a) order by a.brand_id, a.account_id), '[]')
            from public.ad_accounts a where a.status <> 'active' and (p_brand is null or a.brand_id = p_brand)),
        'alerts', (select coalesce(jsonb_agg(to_jsonb(a) order by a.opened_at desc, a.id), '[]')
            from public.alerts a where a.closed_at is null and (p_brand is null or a.brand_id = p_brand)))
$$;

create index scheduled_job_runs_by_type on public.scheduled_job_runs (brand_id, job_type, created_at desc);

-- Seconds since any worker gave a sign of life, by the database's clock; NULL when none has since the last one stopped.
create function public.worker_silence() returns double precision
language sql stable set search_path = '' as $$
    select extract(epoch from now() - max(last_seen_at)) from public.scheduler_workers where stopped_at is null
$$;

revoke all on function public.brand_overviews(uuid), public.troubles(uuid), public.worker_silence() from public, anon, authenticated;
grant execute on function public.brand_overviews(uuid), public.troubles(uuid), public.worker_silence() to authenticated, service_role;

-- Pictures of ads: whose creative is stored where, and its file for the members of the brand. Only the worker writes them.
create function public.ad_pictures(p_brand uuid, p_ads text[]) returns jsonb
language sql stable set search_path = '' as $$
    select coalesce(jsonb_object_agg(ad_id, storage_key), '{}') from public.ad_assets
    where brand_id = p_brand and ad_id = any (p_ads) and kind = 'image' and status = 'stored'
$$;
revoke all on function public.ad_pictures(uuid, text[]) from public, anon, authenticated;
grant execute on function public.ad_pictures(uuid, text[]) to authenticated, service_role;

create policy members_read_assets on storage.objects for select to authenticated
    using (bucket_id = 'assets' and (storage.foldername(name))[1] in (select app.my_brands()::text));
