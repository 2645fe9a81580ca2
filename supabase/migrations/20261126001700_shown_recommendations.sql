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

-- What a recommendation counts for beside others: money that is sure to be at stake more than money that may be.
create function app.recommendation_rank(p_one public.ad_intelligence_recommendations) returns numeric
language sql immutable set search_path = '' as $$
    select coalesce((p_one.detail -> 'money_per_week' ->> 'rank')::numeric, p_one.money_per_week)
$$;

-- What is to be done about a brand: {run, open, snoozed, answered}. Open and snoozed are those of the analysis that stands
-- for it, by their rank; answered are the newest 100 answers to any.
create or replace function public.recommendation_inbox(p_brand uuid, p_today date) returns jsonb
language sql stable set search_path = '' set statement_timeout = '30s' as $$
    with shown as (
        select n.id, n.scope, n.source, n.date_from, n.date_to, n.days, n.finished_at,
            n.summary ->> 'currency' as currency
        from app.analysis_shown(p_brand) s join public.ad_intelligence_runs n on n.id = s.id
    ), standing as (
        select app.recommendation_card(r) || jsonb_build_object('state', s.state, 'snoozed_until', s.snoozed_until)
                as card, app.recommendation_rank(r) as rank, r.cause_key,
            coalesce(s.snoozed_until > p_today, false) as asleep
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
        'open', coalesce((select jsonb_agg(card order by rank desc nulls last, cause_key)
            from standing where not asleep), '[]'),
        'snoozed', coalesce((select jsonb_agg(card order by card ->> 'snoozed_until', rank desc nulls last)
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
                                order by app.recommendation_rank(k) desc nulls last, s.cause_key) end as place
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

-- As before, except that ads without a verdict have no certainty to be sorted by.
create or replace function public.ad_board(
    p_brand uuid, p_search text default '', p_verdict text default null, p_awareness text default null,
    p_format text default null, p_sort text default 'spend', p_descending boolean default true,
    p_limit integer default 24, p_offset integer default 0, p_points integer default 0
) returns json
language sql stable set search_path = '' set statement_timeout = '30s' set enable_nestloop = off as $$
    with run as materialized (
        select * from app.analysis_shown(p_brand)
    ), judged as materialized (
        select d.id, d.ad_id, d.verdict, d.spend, d.cpa,
            case p_sort
                when 'spend' then d.spend when 'cpa' then d.cpa
                when 'probability' then case when d.verdict in ('scale', 'cut') then d.probability end
                when 'verdict' then array_position(
                    array['not_evaluated', 'cut', 'learning', 'keep_testing', 'scale'], d.verdict)
                when 'conversions' then (d.detail ->> 'conversions')::double precision
                when 'roas' then (d.detail #>> '{sums,purchase_value}')::double precision / nullif(d.spend, 0)
                when 'cpm' then 1000 * d.spend / nullif((d.detail #>> '{sums,impressions}')::double precision, 0)
                when 'cpc' then d.spend / nullif((d.detail #>> '{sums,link_clicks}')::double precision, 0)
                when 'impressions' then (d.detail #>> '{sums,impressions}')::double precision
                when 'link_clicks' then (d.detail #>> '{sums,link_clicks}')::double precision
                when 'landing_page_views' then (d.detail #>> '{sums,landing_page_views}')::double precision
                when 'video_3s' then (d.detail #>> '{sums,video_3s}')::double precision
                when 'thruplays' then (d.detail #>> '{sums,thruplays}')::double precision
                when 'ctr' then (d.detail #>> '{rates,ctr,raw}')::double precision
                when 'hook_rate' then (d.detail #>> '{rates,hook,raw}')::double precision
                when 'hold_rate' then (d.detail #>> '{rates,hold,raw}')::double precision
                when 'lpv_rate' then (d.detail #>> '{rates,lpv_rate,raw}')::double precision
                when 'cvr' then (d.detail #>> '{rates,cvr,raw}')::double precision
                when 'hook_score' then (d.detail #>> '{scores,hook}')::double precision
                when 'watch_score' then (d.detail #>> '{scores,watch}')::double precision
                when 'click_score' then (d.detail #>> '{scores,click}')::double precision
                when 'convert_score' then (d.detail #>> '{scores,convert}')::double precision
            end as sorted
        from public.ad_intelligence_diagnostics d
        where d.run_id = (select id from run) and d.diagnosis = 'winner_loser' and d.brand_id = p_brand
    ), there as (
        select a.ad_id, a.name, a.effective_status, a.object_type, a.headline, a.primary_text
        from public.ads a where a.brand_id = p_brand and exists (select from run where dataset_id is null)
        union all
        select p.ad_key, max(p.ad_name), null, null, max(p.headline), max(p.primary_text)
        from public.ad_performance_period p
        where p.dataset_id = (select dataset_id from run) and p.brand_id = p_brand group by p.ad_key
    ), tired as materialized (
        select d.ad_id, d.verdict, d.reason, d.detail #>> '{detail,break_on}' as break_on
        from public.ad_intelligence_diagnostics d
        where d.run_id = (select id from run) and d.diagnosis = 'fatigue' and d.brand_id = p_brand
          and d.verdict in ('watch', 'fatigued')
    ), labels as materialized (
        select l.ad_id, l.awareness, l.format, l.hook, l.angle from app.labels_of(p_brand) l
        where p_awareness is not null or p_format is not null or p_sort in ('awareness', 'format', 'hook', 'angle')
    ), every as materialized (
        select ad_id, j.id, j.verdict, t.name, t.effective_status, t.object_type, t.headline, j.spend, j.cpa,
            f.verdict as fatigue, f.reason as fatigue_reason, f.break_on,
            case p_sort when 'awareness' then array_position(
                array['unclear', 'unaware', 'problem_aware', 'solution_aware', 'product_aware', 'most_aware'],
                l.awareness)::double precision else j.sorted end as sorted,
            case p_sort when 'name' then lower(t.name) when 'format' then l.format when 'hook' then l.hook
                when 'angle' then l.angle end as sorted_text,
            (p_verdict is null or (case when p_verdict in ('watch', 'fatigued') then f.verdict
                else coalesce(j.verdict, '') end) is not distinct from p_verdict)
            and (p_awareness is null or coalesce(l.awareness, '') = p_awareness)
            and (p_format is null or coalesce(l.format, '') = p_format)
            and (p_search = '' or position(lower(p_search) in
                lower(concat_ws(' ', ad_id, t.name, t.headline, t.primary_text))) > 0) as fits
        from judged j full join there t using (ad_id) left join tired f using (ad_id) left join labels l using (ad_id)
    ), middle as materialized (
        select percentile_cont(0.5) within group (order by spend) as spend from every where spend > 0
    ), page as materialized (
        select e.*, row_number() over () as place from (
            select * from every where fits
            order by case when p_descending then sorted end desc nulls last,
                case when not p_descending then sorted end nulls last,
                case when p_descending then sorted_text end desc nulls last,
                case when not p_descending then sorted_text end nulls last, spend desc nulls last, ad_id
            limit p_limit offset p_offset) e
    ), labelled as (
        select l.* from app.labels_of(p_brand, (select array_agg(ad_id) from page)) l where p_limit <= 500
        union all
        select l.* from app.labels_of(p_brand) l where p_limit is null or p_limit > 500
    ), numbers as (
        -- All of them at once: each key asked for by itself would unpack the whole value again.
        select d.id, d.reason, d.probability, v.conversions, v.cpa_low, v.cpa_high, v.needs_spend,
            s.purchase_value / nullif(d.spend, 0) as roas, (v.roas ->> 'low')::double precision as roas_low,
            (v.roas ->> 'high')::double precision as roas_high,
            1000 * d.spend / nullif(s.impressions, 0) as cpm, d.spend / nullif(s.link_clicks, 0) as cpc,
            c.hook as hook_score, c.watch as watch_score, c.click as click_score, c.convert as convert_score,
            s.impressions, s.link_clicks, s.landing_page_views, s.purchase_value, s.video_3s, s.thruplays,
            v.rates #> '{ctr,raw}' as ctr, v.rates #> '{ctr,low}' as ctr_low, v.rates #> '{ctr,high}' as ctr_high,
            v.rates #> '{hook,raw}' as hook_rate, v.rates #> '{hook,low}' as hook_rate_low,
            v.rates #> '{hook,high}' as hook_rate_high, v.rates #> '{hold,raw}' as hold_rate,
            v.rates #> '{hold,low}' as hold_rate_low, v.rates #> '{hold,high}' as hold_rate_high,
            v.rates #> '{lpv_rate,raw}' as lpv_rate, v.rates #> '{lpv_rate,low}' as lpv_rate_low,
            v.rates #> '{lpv_rate,high}' as lpv_rate_high, v.rates #> '{cvr,raw}' as cvr,
            v.rates #> '{cvr,low}' as cvr_low, v.rates #> '{cvr,high}' as cvr_high
        from public.ad_intelligence_diagnostics d
        cross join lateral jsonb_to_record(d.detail) v (conversions double precision, cpa_low double precision,
            cpa_high double precision, needs_spend double precision, roas jsonb, rates jsonb, scores jsonb, sums jsonb)
        cross join lateral jsonb_to_record(coalesce(v.sums, '{}')) s (impressions double precision,
            link_clicks double precision, landing_page_views double precision, purchase_value double precision,
            video_3s double precision, thruplays double precision)
        cross join lateral jsonb_to_record(coalesce(v.scores, '{}')) c (hook double precision, watch double precision,
            click double precision, convert double precision)
        where d.id = any (array(select id from page))
    ), shown as (
        select p.place, p.ad_id, p.name, p.effective_status, p.object_type, p.headline, p.verdict, p.spend, p.cpa, p.fatigue,
            p.fatigue_reason, p.break_on, n.*, l.awareness, l.awareness_confidence, l.format, l.hook, l.angle,
            l.video_length, l.reader
        from page p left join numbers n using (id) left join labelled l on l.ad_id = p.ad_id order by p.place
    )
    select json_build_object(
        'run', (select head from run),
        'total', (select count(*) from every), 'found', (select count(*) from every where fits),
        'verdicts', (select coalesce(jsonb_object_agg(name, ads), '{}') from (
            select coalesce(verdict, '') as name, count(*) as ads from every group by 1
            union all select verdict, count(*) from tired group by 1) n),
        'median_spend', (select spend from middle),
        'quadrants', (select coalesce(json_agg(row_to_json(q) order by q.much desc, q.within desc nulls last), '[]') from (
            select e.spend > (select spend from middle) as much, e.cpa <= (select target from run) as within,
                count(*) as ads, sum(e.spend) as spend
            from every e where p_points > 0 and e.fits and e.spend > 0 group by 1, 2) q),
        'points', (select coalesce(json_agg(row_to_json(p) order by p.spend desc, p.ad_id), '[]') from (
            select ad_id, name, verdict, spend, cpa from every where fits and spend > 0
            order by spend desc, ad_id limit p_points) p),
        'ads', (select coalesce(json_agg(row_to_json(s)), '[]') from shown s))
$$;

-- As before, with the spend that an ad still needs for a verdict; null where more spend alone would bring none.
create or replace function public.coverage_ads(
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
            'cpa_high', f.detail -> 'cpa_high', 'verdict', f.verdict, 'reason', f.reason, 'probability', f.probability,
            'needs_spend', f.detail -> 'needs_spend')
            order by f.spend desc nulls last, f.ad_id)
        from (select * from fitting order by spend desc nulls last, ad_id limit p_limit offset p_offset) f), '[]'))
$$;

revoke all on function app.recommendation_rank(public.ad_intelligence_recommendations),
    app.recommendation_states(uuid, text), public.recommendation_states(uuid, text),
    public.shown_analysis(uuid), public.brand_overviews(uuid, date) from public, anon, authenticated;
grant execute on function app.recommendation_rank(public.ad_intelligence_recommendations),
    app.recommendation_states(uuid, text), public.recommendation_states(uuid, text),
    public.shown_analysis(uuid), public.brand_overviews(uuid, date) to authenticated, service_role;
