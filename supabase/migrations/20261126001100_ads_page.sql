-- What the page Ads asks: which ads work by the newest analysis, why one of them is judged as it is, and how it went day by
-- day. They run as their caller, so row level security decides what a member sees; each answers with one json value.

create index ad_intelligence_diagnostics_by_rule on public.ad_intelligence_diagnostics (run_id, diagnosis);
drop index public.ad_intelligence_diagnostics_by_run;

-- What the ads of a run are sorted and counted by, beside the value that would have to be unpacked for it, ten thousand times.
alter table public.ad_intelligence_diagnostics
    add column spend double precision generated always as ((detail ->> 'spend')::double precision) stored,
    add column cpa double precision generated always as ((detail ->> 'cpa')::double precision) stored;

-- The analysis that stands for the brand: the newest of the usual question, as Home shows it; no row before the first.
-- `head` says what its numbers are of.
create function app.analysis_shown(p_brand uuid)
returns table (id uuid, dataset_id uuid, target double precision, head jsonb)
language sql stable set search_path = '' as $$
    select r.id, r.dataset_id, (r.summary #>> '{target,value}')::double precision,
        jsonb_build_object('id', r.id, 'source', r.source, 'date_from', r.date_from, 'date_to', r.date_to, 'days', r.days,
            'finished_at', r.finished_at, 'currency', r.summary -> 'currency', 'attribution', r.summary -> 'attribution',
            'goal', r.summary -> 'goal', 'target', r.summary -> 'target', 'rules', r.summary -> 'rules',
            'target_roas', r.config -> 'target_roas')
    from public.ad_intelligence_runs r where r.id = (
        select n.id from public.ad_intelligence_runs n
        where n.brand_id = p_brand and n.goal = 'full_analysis' and n.status = 'completed'
        order by (n.scope ~ ':(30|period)$') desc, n.started_at desc limit 1)
$$;

-- The brand's ads as its analysis judged them, with those that it did not look at: {run, total, found, verdicts, median_spend,
-- quadrants, points, ads}. Before the first analysis `run` is null and there is no ad.
-- p_search is found anywhere in id, name, headline or text. p_verdict is a verdict, `watch` or `fatigued`, or '' for ads that
-- the analysis did not look at; p_awareness and p_format are labels, '' for ads that have none. p_sort is a key of `sorted`
-- below; what is unknown comes last either way. Without p_limit all that fit are given.
-- `verdicts` counts all ads by verdict; `quadrants` those that fit and have spent, by whether their spend is over the median
-- of all that have and their CPA within the target ({much, within, ads, spend}; within null: no CPA is known); `points` are
-- at most p_points of these with a target or without, the highest spend first.
-- Labels of all ads take longer than all else, so they are read only for what is shown, unless they decide what that is.
create function public.ad_board(
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
                when 'spend' then d.spend when 'cpa' then d.cpa when 'probability' then d.probability
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

-- What the analysis that stands for the brand says of one ad: {run, diagnoses}, `run` null before the first. Rows of
-- ad_intelligence_diagnostics without their keys, in the order they were stored.
create function public.ad_diagnoses(p_brand uuid, p_ad text) returns jsonb
language sql stable set search_path = '' set statement_timeout = '30s' as $$
    select jsonb_build_object('run', (select head from app.analysis_shown(p_brand)),
        'diagnoses', (select coalesce(jsonb_agg(jsonb_build_object('diagnosis', d.diagnosis, 'verdict', d.verdict,
                'probability', d.probability, 'reason', d.reason, 'detail', d.detail) order by d.id), '[]')
            from public.ad_intelligence_diagnostics d
            where d.brand_id = p_brand and d.ad_id = p_ad and d.run_id = (select id from app.analysis_shown(p_brand))))
$$;

-- One ad from p_from to p_to: {currency, conversions, days, weeks}. A day, or seven that end at p_to or weeks before it, is
-- {from, to, impressions, spend, link_clicks, conversions, ctr, cpa}; one without a stored row has nulls, and a rate
-- without what it is of is null. `conversions` names what counts: purchases, or results for a brand with another goal. Of a
-- brand whose analysis is of an imported file, the file's days; a row over many days has none to be shown on.
create function public.ad_trend(p_brand uuid, p_ad text, p_from date, p_to date) returns jsonb
language sql stable set search_path = '' set statement_timeout = '30s' as $$
    with brand as materialized (
        select b.goal = 'purchase' as buys, s.dataset_id
        from public.brands b left join app.analysis_shown(p_brand) s on true where b.id = p_brand
    ), rows as materialized (
        select p.date, p.currency, p.impressions, p.spend, p.link_clicks,
            case when b.buys then p.purchases else p.results end as conversions
        from brand b, public.ad_performance_daily p
        where b.dataset_id is null and p.brand_id = p_brand and p.ad_id = p_ad and p.date between p_from and p_to
          and not p.is_partial
        union all
        select p.date_from, d.currency, p.impressions, p.spend, p.link_clicks,
            case when b.buys then p.purchases else p.results end
        from brand b join public.ad_performance_period p on p.dataset_id = b.dataset_id
        join public.import_datasets d on d.id = p.dataset_id
        where p.brand_id = p_brand and p.ad_key = p_ad and p.date_from = p.date_to and p.date_from between p_from and p_to
    ), spans as (
        select 'days' as kind, g::date as first, g::date as last from generate_series(p_from, p_to, '1 day') g
        union all
        select 'weeks', g::date - 6, g::date from generate_series(p_to, p_from + 6, '-7 days') g
    ), sums as (
        select s.kind, s.first, s.last, sum(r.impressions) as impressions, sum(r.spend) as spend,
            sum(r.link_clicks) as link_clicks, sum(r.conversions) as conversions
        from spans s left join rows r on r.date between s.first and s.last group by s.kind, s.first, s.last
    ), said as (
        select kind, first, jsonb_build_object('from', first, 'to', last, 'impressions', impressions, 'spend', spend,
            'link_clicks', link_clicks, 'conversions', conversions,
            'ctr', (link_clicks / nullif(impressions, 0))::double precision,
            'cpa', (spend / nullif(conversions, 0))::double precision) as span
        from sums
    )
    select jsonb_build_object('currency', (select max(currency) from rows),
        'conversions', (select case when buys then 'purchases' else 'results' end from brand),
        'days', (select coalesce(jsonb_agg(span order by first), '[]') from said where kind = 'days'),
        'weeks', (select coalesce(jsonb_agg(span order by first), '[]') from said where kind = 'weeks'))
$$;

revoke all on function app.analysis_shown(uuid), public.ad_board(uuid, text, text, text, text, text, boolean, integer,
    integer, integer), public.ad_diagnoses(uuid, text), public.ad_trend(uuid, text, date, date)
    from public, anon, authenticated;
grant execute on function app.analysis_shown(uuid), public.ad_board(uuid, text, text, text, text, text, boolean, integer,
    integer, integer), public.ad_diagnoses(uuid, text), public.ad_trend(uuid, text, date, date)
    to authenticated, service_role;
