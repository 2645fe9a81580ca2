-- What is to be done about a brand is that of the one analysis which stands for it, on every surface; and what somebody
-- answered to a cause holds wherever the cause is said. Reads run as their caller, under row level security.

-- The recommendations that stand in a scope, with what became of their cause: the newest answer to the same cause of the
-- same kind of source. One that was given in another window than the usual counts where it is no more than 28 days older
-- than what it would answer, and what was said of past days has its own answers alone.
-- `answer_id` is the row that an answer goes to: that of the usual window, where the cause stands there too.
create function app.recommendation_states(p_brand uuid, p_scope text)
returns table (id uuid, answer_id uuid, cause_key text, state text, snoozed_until date)
language sql stable set search_path = '' as $$
    with standing as materialized (
        select r.id, r.scope, r.cause_key, r.state, r.snoozed_until, r.state_changed_at, r.created_at,
            r.scope ~ ':(30|period)$' as usual, r.scope ~ ':.*:' as past
        from public.ad_intelligence_recommendations r
        where r.brand_id = p_brand and r.superseded_at is null
          and split_part(r.scope, ':', 1) = split_part(p_scope, ':', 1)
    ), said as (
        select * from standing where scope = p_scope
    ), answers as (
        select distinct on (s.id) s.id, a.state, a.snoozed_until
        from said s join standing a on a.cause_key = s.cause_key and a.state_changed_at is not null
            and (a.id = s.id or (not s.past and not a.past
                and (a.usual or a.state_changed_at > s.created_at - interval '28 days')))
        order by s.id, a.state_changed_at desc, a.usual desc
    )
    select s.id, coalesce(u.id, s.id), s.cause_key, coalesce(a.state, s.state),
        case when a.id is null then s.snoozed_until else a.snoozed_until end
    from said s left join answers a on a.id = s.id
    left join lateral (select n.id from standing n
        where n.usual and not s.past and n.cause_key = s.cause_key limit 1) u on true
$$;

-- The same as json: [{id, cause_key, state, snoozed_until}], where `id` is the row that an answer goes to.
create function public.recommendation_states(p_brand uuid, p_scope text) returns jsonb
language sql stable set search_path = '' as $$
    select coalesce(jsonb_agg(jsonb_build_object('id', s.answer_id, 'cause_key', s.cause_key, 'state', s.state,
        'snoozed_until', s.snoozed_until) order by s.cause_key), '[]')
    from app.recommendation_states(p_brand, p_scope) s
$$;

-- The whole row of the analysis that stands for the brand; null before the first.
create function public.shown_analysis(p_brand uuid) returns jsonb
language sql stable set search_path = '' as $$
    select to_jsonb(r) from app.analysis_shown(p_brand) s join public.ad_intelligence_runs r on r.id = s.id
$$;

-- What is to be done about a brand: {run, open, snoozed, answered}. Open and snoozed are those of the analysis that stands
-- for it, most money first; answered are the newest 100 answers to any.
create or replace function public.recommendation_inbox(p_brand uuid, p_today date) returns jsonb
language sql stable set search_path = '' set statement_timeout = '30s' as $$
    with shown as (
        select n.id, n.scope, n.source, n.date_from, n.date_to, n.days, n.finished_at,
            n.summary ->> 'currency' as currency
        from app.analysis_shown(p_brand) s join public.ad_intelligence_runs n on n.id = s.id
    ), standing as (
        select app.recommendation_card(r) || jsonb_build_object('state', s.state, 'snoozed_until', s.snoozed_until)
                as card, r.money_per_week, r.cause_key, coalesce(s.snoozed_until > p_today, false) as asleep
        from shown n cross join lateral app.recommendation_states(p_brand, n.scope) s
        join public.ad_intelligence_recommendations r on r.id = s.id
        where s.state in ('pending', 'acknowledged')
    ), answered as (
        select app.recommendation_card(r) as card, r.state_changed_at, r.id
        from public.ad_intelligence_recommendations r
        where r.brand_id = p_brand and r.state in ('acted_on', 'partially_acted', 'ignored', 'dismissed')
        order by r.state_changed_at desc nulls last, r.id limit 100
    )
    select jsonb_build_object(
        'run', (select to_jsonb(n) from shown n),
        'open', coalesce((select jsonb_agg(card order by money_per_week desc nulls last, cause_key)
            from standing where not asleep), '[]'),
        'snoozed', coalesce((select jsonb_agg(card order by card ->> 'snoozed_until', money_per_week desc nulls last)
            from standing where asleep), '[]'),
        'answered', coalesce((select jsonb_agg(card order by state_changed_at desc nulls last, id) from answered), '[]'))
$$;

-- What Home and the pages of a brand begin with, for all brands in one call. `analysis` is the one that stands for the
-- brand, and its `to_do` {open, left, answered}: the details of the six recommendations with most money at stake of those
-- that are open on that day, how many more are open, and how many are answered or asleep. `runs` are those that wait or
-- work, and the newest ended one of each type.
drop function public.brand_overviews(uuid);
create function public.brand_overviews(p_brand uuid default null, p_today date default current_date) returns jsonb
language sql stable set search_path = '' as $$
    select coalesce(jsonb_object_agg(b.id, jsonb_build_object(
        'analysis', (
            select jsonb_build_object('id', r.id, 'date_from', r.date_from, 'date_to', r.date_to, 'days', r.days,
                'source', r.source, 'summary', r.summary - array['recommendations', 'distribution', 'rules'], 'blocks', r.blocks, 'finished_at', r.finished_at,
                'to_do', (
                    select jsonb_build_object(
                        'open', coalesce(jsonb_agg(app.recommendation_card(c) -> 'detail' order by t.place)
                            filter (where t.place <= 6), '[]'),
                        'left', count(*) filter (where t.place > 6),
                        'answered', count(*) filter (where t.place is null))
                    from (
                        select s.id, case when s.state in ('pending', 'acknowledged')
                                and coalesce(s.snoozed_until, p_today) <= p_today
                            then row_number() over (
                                partition by s.state in ('pending', 'acknowledged')
                                    and coalesce(s.snoozed_until, p_today) <= p_today
                                order by k.money_per_week desc nulls last, s.cause_key) end as place
                        from app.recommendation_states(b.id, r.scope) s
                        join public.ad_intelligence_recommendations k on k.id = s.id) t
                    join public.ad_intelligence_recommendations c on c.id = t.id))
            from app.analysis_shown(b.id) a join public.ad_intelligence_runs r on r.id = a.id),
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

revoke all on function app.recommendation_states(uuid, text), public.recommendation_states(uuid, text),
    public.shown_analysis(uuid), public.brand_overviews(uuid, date) from public, anon, authenticated;
grant execute on function app.recommendation_states(uuid, text), public.recommendation_states(uuid, text),
    public.shown_analysis(uuid), public.brand_overviews(uuid, date) to authenticated, service_role;
