-- What people answer to recommendations, and what came of those that they acted on.

alter table public.ad_intelligence_recommendations
    add column snoozed_until date,
    add column state_changed_by uuid default auth.uid() references auth.users on delete set null,
    add column answered_ads text[];
comment on column public.ad_intelligence_recommendations.answered_ads is
    'The ads it was about when somebody acted on it: a later run may say it of others.';
create index ad_intelligence_recommendations_answered on public.ad_intelligence_recommendations
    (brand_id, state_changed_at desc) where state_changed_at is not null;

-- An answer is checked and signed, so it goes through answer_recommendation alone.
revoke update on public.ad_intelligence_recommendations from authenticated;
revoke update (state, state_reason, note, state_changed_at) on public.ad_intelligence_recommendations from authenticated;
drop policy editors_update on public.ad_intelligence_recommendations;

create table public.recommendation_outcomes (
    recommendation_id uuid not null references public.ad_intelligence_recommendations on delete cascade,
    days integer not null check (days in (14, 28)),
    brand_id uuid not null references public.brands on delete cascade,
    measured_on date not null,
    verdict text not null check (verdict in ('helped', 'hurt', 'no_difference_seen', 'too_little_data')),
    detail jsonb not null,
    created_at timestamptz not null default now(),
    primary key (recommendation_id, days)
);
create index recommendation_outcomes_by_brand on public.recommendation_outcomes (brand_id);
alter table public.recommendation_outcomes enable row level security;
revoke all on public.recommendation_outcomes from anon, authenticated;
grant select on public.recommendation_outcomes to authenticated;
create policy members_read on public.recommendation_outcomes for select to authenticated
    using (brand_id in (select app.my_brands()));

-- Says what became of a recommendation. A state replaces the earlier answer with its reason and snooze; a note stands
-- beside it ('' takes it away). What was measured of an answer goes when the answer changes.
create function public.answer_recommendation(
    p_recommendation uuid, p_state text default null, p_reason text default null, p_snoozed_until date default null,
    p_note text default null
) returns void
language plpgsql security definer set search_path = '' as $$
declare
    v_row public.ad_intelligence_recommendations;
    v_reason text := nullif(trim(p_reason), '');
begin
    select * into v_row from public.ad_intelligence_recommendations where id = p_recommendation for update;
    if not found or not app.may_write(v_row.brand_id) then
        raise exception 'You may not answer recommendations of this brand.' using errcode = '42501';
    end if;
    if p_state is not null and p_state not in
        ('pending', 'acknowledged', 'acted_on', 'partially_acted', 'ignored', 'dismissed') then
        raise exception 'There is no such answer to a recommendation.' using errcode = '22023';
    end if;
    if p_state = 'dismissed' and v_reason is null then
        raise exception 'Say in a few words why you dismiss it.' using errcode = '22023';
    end if;
    if p_snoozed_until is not null and coalesce(p_state, '') not in ('pending', 'acknowledged') then
        raise exception 'Only an open recommendation can be snoozed.' using errcode = '22023';
    end if;
    if length(v_reason) > 2000 or length(p_note) > 2000 then
        raise exception 'Say it in 2,000 characters or fewer.' using errcode = '22023';
    end if;
    if p_state is distinct from v_row.state and p_state is not null then
        delete from public.recommendation_outcomes where recommendation_id = p_recommendation;
    end if;
    update public.ad_intelligence_recommendations r set
        state = coalesce(p_state, r.state),
        state_reason = case when p_state is null then r.state_reason else v_reason end,
        snoozed_until = case when p_state is null then r.snoozed_until else p_snoozed_until end,
        state_changed_at = case when p_state is null then r.state_changed_at else now() end,
        state_changed_by = case when p_state is null then r.state_changed_by else auth.uid() end,
        answered_ads = case when p_state is null then r.answered_ads
            when p_state in ('acted_on', 'partially_acted') then r.ad_ids end,
        note = case when p_note is null then r.note else nullif(trim(p_note), '') end
    where r.id = p_recommendation;
end $$;

-- A card of the inbox: the row without the names of more than twelve ads, and what was measured of it.
create function app.recommendation_card(r public.ad_intelligence_recommendations) returns jsonb
language sql stable set search_path = '' as $$
    select to_jsonb(r) - array['ad_ids', 'answered_ads'] || jsonb_build_object(
        'ad_count', cardinality(r.ad_ids),
        'detail', r.detail || jsonb_build_object('ads', coalesce(
            (select jsonb_agg(a.ad order by a.place) from jsonb_array_elements(
                case when jsonb_typeof(r.detail -> 'ads') = 'array' then r.detail -> 'ads' else '[]' end)
                with ordinality a (ad, place) where a.place <= 12), '[]')),
        'window', (select jsonb_build_object('from', n.date_from, 'to', n.date_to, 'source', n.source)
            from public.ad_intelligence_runs n where n.id = r.run_id),
        'outcomes', coalesce((select jsonb_agg(to_jsonb(o) - array['brand_id', 'recommendation_id'] order by o.days)
            from public.recommendation_outcomes o where o.recommendation_id = r.id), '[]'))
$$;

-- What is to be done about a brand: {run, open, snoozed, answered}. Open and snoozed are those of the newest analysis of
-- days up to the end of the data, most money first; answered are the newest 100 answers to any.
create function public.recommendation_inbox(p_brand uuid, p_today date) returns jsonb
language sql stable set search_path = '' set statement_timeout = '30s' as $$
    with newest as (
        select n.id, n.scope, n.source, n.date_from, n.date_to, n.days, n.finished_at,
            n.summary ->> 'currency' as currency
        from public.ad_intelligence_runs n
        where n.brand_id = p_brand and n.goal = 'full_analysis' and n.status = 'completed' and n.scope !~ ':.*:'
        order by n.started_at desc limit 1
    ), standing as (
        select app.recommendation_card(r) as card, r.money_per_week, r.cause_key,
            coalesce(r.snoozed_until > p_today, false) as asleep
        from public.ad_intelligence_recommendations r join newest n on n.scope = r.scope
        where r.brand_id = p_brand and r.superseded_at is null and r.state in ('pending', 'acknowledged')
    ), answered as (
        select app.recommendation_card(r) as card, r.state_changed_at, r.id
        from public.ad_intelligence_recommendations r
        where r.brand_id = p_brand and r.state in ('acted_on', 'partially_acted', 'ignored', 'dismissed')
        order by r.state_changed_at desc nulls last, r.id limit 100
    )
    select jsonb_build_object(
        'run', (select to_jsonb(n) from newest n),
        'open', coalesce((select jsonb_agg(card order by money_per_week desc nulls last, cause_key)
            from standing where not asleep), '[]'),
        'snoozed', coalesce((select jsonb_agg(card order by card ->> 'snoozed_until', money_per_week desc nulls last)
            from standing where asleep), '[]'),
        'answered', coalesce((select jsonb_agg(card order by state_changed_at desc nulls last, id) from answered), '[]'))
$$;

-- Deeds whose 14 or 28 days after are over by p_until and were not measured yet, with the sums that takes: the ads acted
-- on and those of the same objective, medium and account that nobody acted on around that time and that spent on both
-- sides; so many days before the deed's day and after it.
create function public.due_outcomes(p_brand uuid, p_until date) returns jsonb
language sql stable set search_path = '' set statement_timeout = '60s' set enable_nestloop = off as $$
    with acted as (
        select r.id, r.action, r.answered_ads,
            (r.state_changed_at at time zone coalesce((select min(a.timezone) from public.ad_accounts a
                where a.brand_id = p_brand), 'UTC'))::date as day
        from public.ad_intelligence_recommendations r
        where r.brand_id = p_brand and r.state in ('acted_on', 'partially_acted') and r.scope like 'api:%'
          and r.state_changed_at is not null
    ), due as (
        select a.id, a.action, a.answered_ads, a.day, n.days
        from acted a cross join (values (14), (28)) n (days)
        where a.day + n.days <= p_until and a.day + n.days > p_until - 120
          and not exists (select 1 from public.recommendation_outcomes o
              where o.recommendation_id = a.id and o.days = n.days)
    ), sides as (
        select d.id, d.days, s.side, s.first, s.last
        from due d cross join lateral (values
            ('before', d.day - d.days, d.day - 1), ('after', d.day + 1, d.day + d.days)) s (side, first, last)
    ), affected as (
        select distinct d.id, d.days, u.ad_id from due d cross join lateral unnest(d.answered_ads) u (ad_id)
    ), touched as (
        select distinct d.id, u.ad_id from (select distinct id, day from due) d
        join acted o on o.day between d.day - 28 and d.day + 28 cross join lateral unnest(o.answered_ads) u (ad_id)
    ), kinds as (
        select a.ad_id, a.account_id, c.objective, a.object_type
        from public.ads a left join public.campaigns c on c.brand_id = p_brand and c.campaign_id = a.campaign_id
        where a.brand_id = p_brand
    ), cohorts as (
        select distinct f.id, f.days, k.account_id, coalesce(k.objective, '') as objective,
            coalesce(k.object_type, '') as object_type
        from affected f join kinds k using (ad_id)
    ), chosen as (
        select f.id, f.days, f.ad_id, true as mine from affected f
        union all
        select c.id, c.days, k.ad_id, false
        from cohorts c join kinds k on k.account_id = c.account_id and coalesce(k.objective, '') = c.objective
            and coalesce(k.object_type, '') = c.object_type
        where not exists (select 1 from touched t where t.id = c.id and t.ad_id = k.ad_id)
    ), daily as (
        select p.ad_id, p.date, p.spend, p.purchases, p.results, p.result_type, p.currency
        from public.ad_performance_daily p
        where p.brand_id = p_brand and not p.is_partial
          and p.date between (select min(first) from sides) and (select max(last) from sides)
    ), kept as (
        select distinct on (f.id, f.days) f.id, f.days, d.result_type, d.currency
        from affected f join daily d using (ad_id)
        group by f.id, f.days, d.result_type, d.currency
        order by f.id, f.days, sum(d.spend) desc nulls last, d.result_type nulls last
    ), by_ad as (
        select c.id, c.days, s.side, c.mine, c.ad_id, sum(d.spend) as spend, sum(d.purchases) as purchases,
            sum(d.results) filter (where d.result_type = k.result_type) as results
        from chosen c join sides s on s.id = c.id and s.days = c.days join kept k on k.id = c.id and k.days = c.days
        join daily d on d.ad_id = c.ad_id and d.date between s.first and s.last and d.currency = k.currency
        group by c.id, c.days, s.side, c.mine, c.ad_id
    ), steady as (
        select id, days, ad_id from by_ad where spend > 0 group by id, days, ad_id having count(*) = 2
    ), sums as (
        select b.id, b.days, b.side, b.mine, sum(b.spend) as spend, sum(b.purchases) as purchases,
            sum(b.results) as results, count(*) as ads
        from by_ad b where b.mine or exists (select 1 from steady s
            where s.id = b.id and s.days = b.days and s.ad_id = b.ad_id)
        group by b.id, b.days, b.side, b.mine
    ), fetched as (
        select date as day from daily
        union
        select g::date from public.sync_chunks c
        cross join lateral generate_series(c.date_from::timestamp, c.date_to::timestamp, '1 day') g
        where c.brand_id = p_brand and c.status = 'done' and c.date_to >= (select min(first) from sides)
    ), stored as (
        select s.id, s.days, s.side, count(f.day) as stored
        from sides s left join fetched f on f.day between s.first and s.last group by s.id, s.days, s.side
    )
    select coalesce(jsonb_agg(jsonb_build_object(
        'recommendation_id', d.id, 'action', d.action, 'days', d.days, 'acted_on', d.day, 'currency', k.currency,
        'goal', b.goal, 'target_cpa', case when b.currency = k.currency then b.target_cpa end,
        'stored', (select jsonb_object_agg(s.side, s.stored) from stored s where s.id = d.id and s.days = d.days),
        'affected', (select jsonb_object_agg(m.side, to_jsonb(m) - array['id', 'days', 'side', 'mine'])
            from sums m where m.id = d.id and m.days = d.days and m.mine),
        'untouched', (select jsonb_object_agg(m.side, to_jsonb(m) - array['id', 'days', 'side', 'mine'])
            from sums m where m.id = d.id and m.days = d.days and not m.mine)) order by d.day, d.id, d.days), '[]')
    from due d left join kept k on k.id = d.id and k.days = d.days
    join public.brands b on b.id = p_brand
$$;

-- Stores outcomes of this brand's recommendations; one that was measured before stays as it is. Gives how many are new.
create function public.save_outcomes(p_brand uuid, p_outcomes jsonb) returns integer
language sql security definer set search_path = '' as $$
    with written as (
        insert into public.recommendation_outcomes (recommendation_id, days, brand_id, measured_on, verdict, detail)
        select r.id, o.days, p_brand, o.measured_on, o.verdict, o.detail
        from jsonb_populate_recordset(null::public.recommendation_outcomes, p_outcomes) o
        join public.ad_intelligence_recommendations r on r.id = o.recommendation_id and r.brand_id = p_brand
            and r.state in ('acted_on', 'partially_acted')
        on conflict (recommendation_id, days) do nothing returning 1
    )
    select count(*)::integer from written
$$;

revoke all on function public.answer_recommendation(uuid, text, text, date, text),
    public.recommendation_inbox(uuid, date), app.recommendation_card(public.ad_intelligence_recommendations),
    public.due_outcomes(uuid, date), public.save_outcomes(uuid, jsonb) from public, anon, authenticated;
grant execute on function public.answer_recommendation(uuid, text, text, date, text),
    public.recommendation_inbox(uuid, date), app.recommendation_card(public.ad_intelligence_recommendations)
    to authenticated, service_role;
grant execute on function public.due_outcomes(uuid, date), public.save_outcomes(uuid, jsonb) to service_role;
