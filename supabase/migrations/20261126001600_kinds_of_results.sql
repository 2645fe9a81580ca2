-- Results are of a kind: a lead and a link click are never one sum. Where those of an ad are of several in a period, its
-- result_type is 'mixed' there and its results are null, as in an imported file.

-- As before, but that results of several kinds are not added up, of an ad in a period or in a week; that the days say when
-- they were last read and have their results by kind; and that an ad which Meta no longer shows begins with its first row
-- ever, not with the first of the window. And with less to do: counts are added up as doubles, which hold every whole number
-- to 2^53 and pass between processes as they are; types and accounts are compared byte by byte; the largest ads are told
-- apart by a number.
-- p_arrived: the part of a day's conversions that has arrived by the age of 0, 1, 2, … days; all of them beyond its end.
-- One value, as the one row of a set: only what a function returns as a query is read by several processes together.
-- Every ad with rows in the window or the period before it, those that Meta no longer shows too, so that the sums are those
-- of the rows; and each active one. Answers
--   attribution  the setting of the window's rows
--   stored       how many days are there: with rows, or fetched without delivery, and of no account asked for in vain
--   ads          columns, the ads with the highest spend first; recent_impressions is null where the last days of the ad's
--                account are not stored. What tells how much days differ beyond chance, the sums of squares and the days
--                they are of, is worked out for the p_closely ads with the highest spend alone, like their weeks
--   weeks        columns: sums of 7 days each, back from p_to (week 0), of the ad in that row of `ads` (from 0). Days of the
--                first week of an ad's life are left out, where its costs are not yet what they will be. Results are those
--                of the kind that the ad has in the window, null in a week of another
--   days         columns: sums of the account's days, at most 120 that end with p_to; results_by_type is {kind: results} of
--                a day, fetched_on the account's day on which it was last read
create or replace function public.ad_statistics(
    p_brand uuid, p_currency text, p_from date, p_to date, p_prior_from date, p_weeks integer, p_closely integer,
    p_arrived double precision[]
) returns setof json
language plpgsql stable set search_path = '' set statement_timeout = '60s' set enable_nestloop = off
    set work_mem = '64MB' set jit = off set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
begin
    return query
    with known as materialized (
        select a.ad_id, a.name, a.campaign_id, a.ad_set_id, a.account_id, a.object_type, a.effective_status, a.created_time,
            a.creative_changed_at, a.video_id, a.image_hash,
            (select p.date from public.ad_performance_daily p where p.brand_id = p_brand and p.ad_id = a.ad_id
                order by p.date limit 1) as first_ever
        from public.ads a where a.brand_id = p_brand
    ), accounts as materialized (
        select a.account_id, coalesce(a.timezone, 'UTC') as zone, a.currency from public.ad_accounts a
        where a.brand_id = p_brand
    ), totals as materialized (
        select r.ad_id, r.w, max(r.account_id) as account_id, min(r.date) as first_day, max(r.date) as last_day,
            count(*) as days, sum(r.impressions) as impressions, sum(r.spend) as spend, sum(r.clicks) as clicks,
            sum(r.link_clicks) as link_clicks, sum(r.outbound_clicks) as outbound_clicks,
            sum(r.landing_page_views) as landing_page_views, sum(r.adds_to_cart) as adds_to_cart,
            sum(r.checkouts) as checkouts, sum(r.purchases) as purchases, sum(r.purchase_value) as purchase_value,
            sum(r.results) as results, min(r.result_type) as least_type, max(r.result_type) as result_type,
            sum(r.video_3s) as video_3s, sum(r.thruplays) as thruplays,
            sum(r.impressions) filter (where r.date > p_to - 3) as recent_impressions,
            count(*) filter (where r.date > p_to - 3) as recent_days_active,
            sum(r.results) filter (where r.date > p_to - 7) as results_since_start
        from (select d.ad_id, d.date, d.date >= p_from as w, d.spend, d.purchase_value, d.results,
                d.account_id collate "C" as account_id, d.result_type collate "C" as result_type,
                d.impressions::double precision as impressions, d.clicks::double precision as clicks,
                d.link_clicks::double precision as link_clicks, d.outbound_clicks::double precision as outbound_clicks,
                d.landing_page_views::double precision as landing_page_views,
                d.adds_to_cart::double precision as adds_to_cart, d.checkouts::double precision as checkouts,
                d.purchases::double precision as purchases, d.video_3s::double precision as video_3s,
                d.thruplays::double precision as thruplays
              from public.ad_performance_daily d
              where d.brand_id = p_brand and d.currency = p_currency and d.date between p_prior_from and p_to) r
        group by r.ad_id, r.w
    ), first_days as materialized (
        select ad_id, first_ever from known
        union all
        -- Of ads that Meta no longer shows.
        select g.ad_id, (select p.date from public.ad_performance_daily p where p.brand_id = p_brand and p.ad_id = g.ad_id
            order by p.date limit 1)
        from (select ad_id from totals except select ad_id from known) g
    ), missing as (
        select d.ad_id, d.date >= p_from as w, sum(d.spend * m.part) as spend, sum(d.link_clicks * m.part) as link_clicks,
            sum(d.landing_page_views * m.part) as landing_page_views
        from public.ad_performance_daily d join accounts g using (account_id),
            lateral (select 1 - p_arrived[(d.fetched_at at time zone g.zone)::date - d.date + 1] as part) m
        where cardinality(p_arrived) > 0 and d.brand_id = p_brand and d.currency = p_currency
          and d.date between greatest(p_to - 27, p_prior_from) and p_to and m.part > 0
        group by 1, 2
    ), largest as materialized (
        select row_number() over () as n, l.ad_id, f.first_ever from (
            select ad_id from (
                select ad_id, sum(spend) filter (where w) as spent, sum(spend) as ever from totals group by ad_id) t
            order by spent desc nulls last, ever desc nulls last, ad_id limit p_closely) l
        left join first_days f using (ad_id)
    ), close as (
        select k.n, case when d.date >= p_from then 0 when d.date >= p_prior_from then 1 end as half,
            case when d.date >= k.first_ever + 7 or k.first_ever is null then (p_to - d.date) / 7 end as week,
            d.spend, d.results, d.result_type collate "C" as result_type, d.impressions::double precision as impressions,
            d.link_clicks::double precision as link_clicks, d.landing_page_views::double precision as landing_page_views,
            d.purchases::double precision as purchases, d.video_3s::double precision as video_3s,
            d.spend::double precision as paid, d.purchase_value::double precision as sold
        -- As arrays, for what is read of another query's rows is read by one process alone.
        from public.ad_performance_daily d join rows from (unnest(array(select ad_id from largest order by n)),
            unnest(array(select first_ever from largest order by n))) with ordinality as k(ad_id, first_ever, n)
            using (ad_id)
        where d.brand_id = p_brand and d.currency = p_currency
          and d.date between least(p_prior_from, p_to - 7 * p_weeks + 1) and p_to
    ), pieces as materialized (
        select c.n, c.half, c.week, sum(c.impressions) as impressions, sum(c.spend) as spend,
            sum(c.link_clicks) as link_clicks, sum(c.landing_page_views) as landing_page_views,
            sum(c.purchases) as purchases, sum(c.results) as results, min(c.result_type) as least_type,
            max(c.result_type) as result_type, sum(c.video_3s) as video_3s,
            count(*) filter (where c.impressions > 0) as delivery_days,
            count(*) filter (where c.link_clicks > 0) as click_days,
            count(*) filter (where c.purchases > 0) as purchase_days,
            sum(c.link_clicks * c.link_clicks / nullif(c.impressions, 0)) as ctr_sq,
            sum(c.video_3s * c.video_3s / nullif(c.impressions, 0)) as hook_sq,
            sum(c.landing_page_views * c.landing_page_views / nullif(c.link_clicks, 0)) as lpv_sq,
            sum(c.sold * c.sold / nullif(c.purchases, 0)) as value_sq, sum(c.paid * c.paid) as spend_sq,
            sum(c.paid * c.impressions) as spend_impressions, sum(c.impressions * c.impressions) as impressions_sq
        from close c group by c.n, c.half, c.week
    ), moments as (
        select n, sum(delivery_days) filter (where half = 0) as delivery_days,
            sum(click_days) filter (where half = 0) as click_days,
            sum(purchase_days) filter (where half = 0) as purchase_days, sum(ctr_sq) filter (where half = 0) as ctr_sq,
            sum(hook_sq) filter (where half = 0) as hook_sq, sum(lpv_sq) filter (where half = 0) as lpv_sq,
            sum(value_sq) filter (where half = 0) as value_sq, sum(spend_sq) filter (where half = 0) as spend_sq,
            sum(spend_impressions) filter (where half = 0) as spend_impressions,
            sum(impressions_sq) filter (where half = 0) as impressions_sq,
            sum(delivery_days) filter (where half = 1) as prior_delivery_days,
            sum(spend_sq) filter (where half = 1) as prior_spend_sq,
            sum(spend_impressions) filter (where half = 1) as prior_spend_impressions,
            sum(impressions_sq) filter (where half = 1) as prior_impressions_sq
        from pieces group by n
    ), kinds as materialized (
        select d.date, d.account_id collate "C" as account_id, d.result_type collate "C" as result_type,
            sum(d.impressions::double precision) as impressions, sum(d.spend) as spend,
            sum(d.link_clicks::double precision) as link_clicks,
            sum(d.landing_page_views::double precision) as landing_page_views,
            sum(d.adds_to_cart::double precision) as adds_to_cart, sum(d.checkouts::double precision) as checkouts,
            sum(d.purchases::double precision) as purchases, sum(d.purchase_value) as purchase_value,
            sum(d.results) as results, max(d.attribution_setting) as attribution_setting,
            bool_or(not d.is_partial) as whole, max(d.fetched_at) as fetched_at
        from public.ad_performance_daily d
        where d.brand_id = p_brand and d.currency = p_currency and d.date between least(p_prior_from, p_to - 119) and p_to
        group by 1, 2, 3
    ), dates as materialized (
        select date, sum(impressions) as impressions, sum(spend) as spend, sum(link_clicks) as link_clicks,
            sum(landing_page_views) as landing_page_views, sum(adds_to_cart) as adds_to_cart, sum(checkouts) as checkouts,
            sum(purchases) as purchases, sum(purchase_value) as purchase_value, sum(results) as results,
            max(attribution_setting) as attribution_setting, bool_or(whole) as whole,
            max((fetched_at at time zone coalesce(zone, 'UTC'))::date) as fetched_on
        from kinds left join accounts using (account_id) group by date
    ), results_of as materialized (
        select date, json_object_agg(result_type, results) as by_type from (
            select date, result_type, sum(results) as results from kinds
            where result_type is not null and results is not null group by date, result_type) k
        group by date
    ), sums as materialized (
        select coalesce(s.ad_id, b.ad_id) as ad_id, coalesce(s.account_id, b.account_id) as account_id,
            s.first_day, s.last_day, greatest(s.last_day, b.last_day) as last_stored, s.days, s.impressions, s.spend,
            s.clicks, s.link_clicks, s.outbound_clicks, s.landing_page_views, s.adds_to_cart, s.checkouts, s.purchases,
            s.purchase_value, case when s.least_type < s.result_type then null else s.results end as results,
            case when s.least_type < s.result_type then 'mixed' else s.result_type end as result_type,
            s.video_3s, s.thruplays, s.spend - coalesce(m.spend, 0) as matured_spend,
            s.link_clicks - coalesce(m.link_clicks, 0) as matured_link_clicks,
            s.landing_page_views - coalesce(m.landing_page_views, 0) as matured_landing_page_views,
            b.impressions as prior_impressions, b.spend as prior_spend, b.clicks as prior_clicks,
            b.link_clicks as prior_link_clicks, b.landing_page_views as prior_landing_page_views,
            b.purchases as prior_purchases, b.purchase_value as prior_purchase_value,
            case when b.least_type < b.result_type then null else b.results end as prior_results,
            case when b.least_type < b.result_type then 'mixed' else b.result_type end as prior_result_type,
            b.video_3s as prior_video_3s, b.thruplays as prior_thruplays,
            b.spend - coalesce(n.spend, 0) as prior_matured_spend,
            b.link_clicks - coalesce(n.link_clicks, 0) as prior_matured_link_clicks,
            b.landing_page_views - coalesce(n.landing_page_views, 0) as prior_matured_landing_page_views,
            coalesce(s.recent_impressions, 0) + coalesce(b.recent_impressions, 0) as recent_impressions,
            coalesce(s.recent_days_active, 0) + coalesce(b.recent_days_active, 0) as recent_days_active,
            coalesce(s.results_since_start, 0) + coalesce(b.results_since_start, 0) as results_since_start
        from (select * from totals where w) s full join (select * from totals where not w) b using (ad_id)
        left join (select * from missing where w) m on m.ad_id = s.ad_id
        left join (select * from missing where not w) n on n.ad_id = b.ad_id
    ), chunks as (
        select c.account_id, c.status, c.date_from,
            least(c.date_to, (c.attempted_at at time zone a.zone)::date - 1) as date_to
        from public.sync_chunks c join accounts a using (account_id)
        where c.brand_id = p_brand and a.currency = p_currency
    ), asked as (
        select account_id, g::date as day, bool_or(status = 'done') as came
        from chunks, generate_series(greatest(date_from, least(p_prior_from, p_to - 119)), least(date_to, p_to), '1 day') g
        group by 1, 2
    ), stored as (
        (select date as day from dates where whole union select day from asked where came)
        except select day from asked where not came
    ), fetched as (
        select account_id, max(day) as fetched_to from (
            select account_id, last_stored as day from sums
            union all select account_id, date_to from chunks where status = 'done') d
        group by account_id
    ), congruence as (
        select c.ad_id, sum(c.weight * c.score) / sum(c.weight) as total,
            (array_agg(c.component order by c.score, c.weight desc))[1] as weakest, min(c.score) as weakest_score
        from app.ad_congruence(p_brand) c group by c.ad_id
    ), rows as materialized (
        select row_number() over (order by s.spend desc nulls last, coalesce(a.ad_id, s.ad_id)) - 1 as row,
            coalesce(a.ad_id, s.ad_id) as ad_id,
            a.ad_id is null as unreadable, a.name as ad_name, c.name as campaign_name, g.name as ad_set_name, c.objective,
            case when a.object_type in ('video', 'image', 'carousel') then a.object_type
                 when a.object_type is not null then 'other' end as media_type,
            a.effective_status, case when a.ad_id is null then false else a.effective_status = 'ACTIVE' end as active,
            coalesce((a.created_time at time zone coalesce(acc.zone, 'UTC'))::date, e.first_ever) as created_on,
            e.first_ever,
            (a.creative_changed_at at time zone coalesce(acc.zone, 'UTC'))::date as creative_changed_on,
            g.learning_status, s.first_day, s.last_day, coalesce(s.days, 0) as days,
            s.impressions, s.spend, s.clicks, s.link_clicks, s.outbound_clicks, s.landing_page_views, s.adds_to_cart,
            s.checkouts, s.purchases, s.purchase_value, s.results, s.result_type, s.video_3s, s.thruplays,
            s.matured_spend, s.matured_link_clicks, s.matured_landing_page_views,
            o.delivery_days, o.click_days, o.purchase_days, o.ctr_sq, o.hook_sq, o.lpv_sq, o.value_sq, o.spend_sq,
            o.spend_impressions, o.impressions_sq,
            s.prior_impressions, s.prior_spend, s.prior_clicks, s.prior_link_clicks, s.prior_landing_page_views,
            s.prior_purchases, s.prior_purchase_value, s.prior_results, s.prior_result_type, s.prior_video_3s, s.prior_thruplays,
            s.prior_matured_spend, s.prior_matured_link_clicks, s.prior_matured_landing_page_views,
            o.prior_delivery_days, o.prior_spend_sq, o.prior_spend_impressions, o.prior_impressions_sq,
            case when f.fetched_to >= p_to then coalesce(s.recent_impressions, 0) end as recent_impressions,
            coalesce(s.recent_days_active, 0) as recent_days_active, s.results_since_start,
            l.awareness, l.awareness_confidence, l.format, l.hook, l.angle, coalesce(l.classified, false) as classified,
            l.input_hashes, v.canonical_url as landing_url,
            case p.status when 'ok' then 'ok' else p.reason end as landing_status,
            n.total as congruence_total, n.weakest as congruence_weakest, n.weakest_score as congruence_weakest_score,
            a.video_id, a.image_hash
        from known a full join sums s using (ad_id)
        left join first_days e using (ad_id)
        left join public.campaigns c on c.brand_id = p_brand and c.campaign_id = a.campaign_id
        left join public.ad_sets g on g.brand_id = p_brand and g.ad_set_id = a.ad_set_id
        left join accounts acc on acc.account_id = a.account_id
        left join fetched f on f.account_id = coalesce(a.account_id, s.account_id)
        left join app.ad_labels(p_brand) l using (ad_id)
        left join congruence n using (ad_id)
        left join largest b on b.ad_id = coalesce(a.ad_id, s.ad_id) left join moments o on o.n = b.n
        left join public.ad_landing_links v on v.brand_id = p_brand and v.ad_id = a.ad_id
        left join public.landing_pages p on p.brand_id = p_brand and p.canonical_url = v.canonical_url
        where s.ad_id is not null or (a.effective_status = 'ACTIVE' and acc.currency = p_currency)
    ), weeks as (
        select r.row, g.week, sum(g.impressions) as impressions, sum(g.link_clicks) as link_clicks,
            sum(g.video_3s) as video_3s, sum(g.landing_page_views) as landing_page_views, sum(g.spend) as spend,
            sum(g.purchases) as purchases,
            case when bool_and(g.least_type is not distinct from r.kind and g.result_type is not distinct from r.kind)
                then sum(g.results) end as results
        from pieces g join largest using (n)
        join (select row, ad_id, case when days > 0 then result_type else prior_result_type end as kind from rows) r
            using (ad_id)
        where g.week < p_weeks group by r.row, g.week
    )
    select json_build_object(
        'attribution', (select max(attribution_setting) from dates where date >= p_from),
        'stored', (select json_build_object(
            'days', count(*) filter (where day >= p_from),
            'prior_days', count(*) filter (where day between p_prior_from and p_from - 1),
            'recent_days', count(*) filter (where day > p_to - 3),
            'first_day', least((select min(first_ever) from first_days),
                (select min(date_from) from chunks where status = 'done'))) from stored),
        'ads', (select row_to_json(t) from (select 
            array_agg(ad_id) as ad_id, array_agg(unreadable) as unreadable, array_agg(ad_name) as ad_name,
            array_agg(campaign_name) as campaign_name, array_agg(ad_set_name) as ad_set_name,
            array_agg(objective) as objective, array_agg(media_type) as media_type,
            array_agg(effective_status) as effective_status, array_agg(active) as active,
            array_agg(created_on) as created_on, array_agg(first_ever) as first_ever,
            array_agg(creative_changed_on) as creative_changed_on, array_agg(learning_status) as learning_status,
            array_agg(first_day) as first_day, array_agg(last_day) as last_day, array_agg(days) as days,
            array_agg(impressions) as impressions, array_agg(spend) as spend, array_agg(clicks) as clicks,
            array_agg(link_clicks) as link_clicks, array_agg(outbound_clicks) as outbound_clicks,
            array_agg(landing_page_views) as landing_page_views, array_agg(adds_to_cart) as adds_to_cart,
            array_agg(checkouts) as checkouts, array_agg(purchases) as purchases,
            array_agg(purchase_value) as purchase_value, array_agg(results) as results,
            array_agg(result_type) as result_type, array_agg(video_3s) as video_3s, array_agg(thruplays) as thruplays,
            array_agg(matured_spend) as matured_spend, array_agg(matured_link_clicks) as matured_link_clicks,
            array_agg(matured_landing_page_views) as matured_landing_page_views,
            array_agg(delivery_days) as delivery_days, array_agg(click_days) as click_days,
            array_agg(purchase_days) as purchase_days, array_agg(ctr_sq) as ctr_sq, array_agg(hook_sq) as hook_sq,
            array_agg(lpv_sq) as lpv_sq, array_agg(value_sq) as value_sq, array_agg(spend_sq) as spend_sq,
            array_agg(spend_impressions) as spend_impressions, array_agg(impressions_sq) as impressions_sq,
            array_agg(prior_impressions) as prior_impressions, array_agg(prior_spend) as prior_spend,
            array_agg(prior_clicks) as prior_clicks, array_agg(prior_link_clicks) as prior_link_clicks,
            array_agg(prior_landing_page_views) as prior_landing_page_views,
            array_agg(prior_purchases) as prior_purchases, array_agg(prior_purchase_value) as prior_purchase_value,
            array_agg(prior_results) as prior_results, array_agg(prior_result_type) as prior_result_type,
            array_agg(prior_video_3s) as prior_video_3s,
            array_agg(prior_thruplays) as prior_thruplays, array_agg(prior_matured_spend) as prior_matured_spend,
            array_agg(prior_matured_link_clicks) as prior_matured_link_clicks,
            array_agg(prior_matured_landing_page_views) as prior_matured_landing_page_views,
            array_agg(prior_delivery_days) as prior_delivery_days, array_agg(prior_spend_sq) as prior_spend_sq,
            array_agg(prior_spend_impressions) as prior_spend_impressions,
            array_agg(prior_impressions_sq) as prior_impressions_sq, array_agg(recent_impressions) as recent_impressions,
            array_agg(recent_days_active) as recent_days_active, array_agg(results_since_start) as results_since_start,
            array_agg(awareness) as awareness, array_agg(awareness_confidence) as awareness_confidence,
            array_agg(format) as format, array_agg(hook) as hook, array_agg(angle) as angle,
            array_agg(classified) as classified, array_agg(input_hashes) as input_hashes,
            array_agg(landing_url) as landing_url, array_agg(landing_status) as landing_status,
            array_agg(congruence_total) as congruence_total,
            array_agg(congruence_weakest) as congruence_weakest,
            array_agg(congruence_weakest_score) as congruence_weakest_score, array_agg(video_id) as video_id,
            array_agg(image_hash) as image_hash
            from (select * from rows order by row) o) t),
        'weeks', (select row_to_json(t) from (select array_agg(row) as row, array_agg(week) as week,
            array_agg(impressions) as impressions, array_agg(link_clicks) as link_clicks, array_agg(video_3s) as video_3s,
            array_agg(landing_page_views) as landing_page_views, array_agg(spend) as spend,
            array_agg(purchases) as purchases, array_agg(results) as results from weeks) t),
        'days', (select row_to_json(t) from (select array_agg(date) as date, array_agg(stored) as stored,
            array_agg(impressions) as impressions, array_agg(spend) as spend, array_agg(link_clicks) as link_clicks,
            array_agg(landing_page_views) as landing_page_views, array_agg(adds_to_cart) as adds_to_cart,
            array_agg(checkouts) as checkouts, array_agg(purchases) as purchases,
            array_agg(purchase_value) as purchase_value, array_agg(results) as results,
            array_agg(results_by_type) as results_by_type, array_agg(fetched_on) as fetched_on
            from (select g.date::date as date, s.day is not null as stored, d.impressions, d.spend, d.link_clicks,
                    d.landing_page_views, d.adds_to_cart, d.checkouts, d.purchases, d.purchase_value, d.results,
                    k.by_type as results_by_type, d.fetched_on
                from generate_series(p_to - 119, p_to, '1 day') g(date)
                left join dates d on d.date = g.date::date left join results_of k on k.date = g.date::date
                left join stored s on s.day = g.date::date order by 1) o) t));
end $$;

-- As before, but that results of several kinds are not added up.
create or replace function public.analysis_import_stats(p_dataset uuid, p_from date, p_to date) returns json
language sql stable set search_path = '' set statement_timeout = '60s' set enable_nestloop = off as $$
    select json_build_object('ads', coalesce((select json_agg(row_to_json(r)) from (
        select p.ad_key as ad_id, max(p.ad_name) as ad_name, max(p.campaign_name) as campaign_name,
            max(p.ad_set_name) as ad_set_name, max(p.primary_text) as primary_text,
            min(p.date_from) as first_day, max(p.date_to) as last_day, count(*) as days,
            sum(p.impressions) as impressions, sum(p.spend) as spend, sum(p.clicks) as clicks,
            sum(p.link_clicks) as link_clicks, sum(p.outbound_clicks) as outbound_clicks,
            sum(p.landing_page_views) as landing_page_views, sum(p.adds_to_cart) as adds_to_cart,
            sum(p.checkouts) as checkouts, sum(p.purchases) as purchases, sum(p.purchase_value) as purchase_value,
            case when count(distinct p.result_type) <= 1 then sum(p.results) end as results,
            case when count(distinct p.result_type) > 1 then 'mixed' else max(p.result_type) end as result_type,
            sum(p.video_3s) as video_3s, sum(p.thruplays) as thruplays,
            max(l.awareness) as awareness, max(l.awareness_confidence) as awareness_confidence, max(l.format) as format,
            max(l.hook) as hook, max(l.angle) as angle, coalesce(bool_or(l.classified), false) as classified,
            (array_agg(l.input_hashes))[1] as input_hashes
        from public.ad_performance_period p
        join public.import_datasets d on d.id = p.dataset_id and d.status = 'ready'
        left join app.ad_labels(d.brand_id) l on l.ad_id = p.ad_key
        where p.dataset_id = p_dataset and p.date_from >= p_from and p.date_to <= p_to
        group by p.ad_key order by sum(p.spend) desc nulls last, p.ad_key) r), '[]'))
$$;

-- As before, but that an ad whose results are of several kinds says so.
create or replace function public.replay_days(p_brand uuid, p_currency text, p_from date, p_to date, p_dataset uuid default null)
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
            case when count(distinct r.result_type) > 1 then 'mixed' else max(r.result_type) end as result_type,
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

alter table public.account_day_snapshots add column results_by_type jsonb;
comment on column public.account_day_snapshots.results_by_type is
    '{kind: results}; null where the day was seen before kinds were kept apart and was of several.';

-- A day that has results of one kind alone had them of that kind when it was seen.
update public.account_day_snapshots s set results_by_type = jsonb_build_object(k.kind, s.results)
from (
    select d.brand_id, d.account_id, d.date, max(d.result_type) as kind from public.ad_performance_daily d
    where d.result_type is not null and d.date >= (select min(date) from public.account_day_snapshots)
    group by d.brand_id, d.account_id, d.date having min(d.result_type) = max(d.result_type)) k
where s.brand_id = k.brand_id and s.account_id = k.account_id and s.date = k.date and s.results is not null;

-- As before, with the results of each kind.
create or replace function public.snapshot_days(p_brand uuid, p_account text, p_from date, p_seen_on date) returns integer
language plpgsql security definer set search_path = '' set statement_timeout = '60s' as $$
declare
    v_rows integer;
begin
    insert into public.account_day_snapshots (brand_id, account_id, date, seen_on, impressions, spend, link_clicks,
        purchases, purchase_value, results, results_by_type)
    select p_brand, p_account, date, p_seen_on, sum(impressions), sum(spend), sum(link_clicks), sum(purchases),
        sum(purchase_value), sum(results),
        coalesce(jsonb_object_agg(result_type, results) filter (where result_type is not null and results is not null), '{}')
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
        results_by_type = excluded.results_by_type;
    get diagnostics v_rows = row_count;
    return v_rows;
end $$;

-- As before, with results_by_type: {kind: {now, next, days}} of the days whose kinds are known; now_results and next_results
-- are sums over all kinds.
create or replace function public.conversion_development(p_brand uuid, p_currency text, p_to date) returns json
language sql stable set search_path = '' set statement_timeout = '30s' as $$
    with seen as (
        select s.seen_on - s.date as age, s.purchases, s.results, s.results_by_type,
            lead(s.purchases) over w as next_purchases, lead(s.results) over w as next_results,
            lead(s.results_by_type) over w as next_by_type, lead(s.seen_on) over w - s.seen_on as later
        from public.account_day_snapshots s
        join public.ad_accounts a on a.brand_id = s.brand_id and a.account_id = s.account_id
        where s.brand_id = p_brand and a.currency = p_currency and s.date between p_to - 119 and p_to and s.seen_on > s.date
        window w as (partition by s.account_id, s.date order by s.seen_on)
    ), steps as materialized (
        select * from seen where later = 1 and age < 28
    ), kinds as (
        select age, jsonb_object_agg(kind, jsonb_build_object('now', now, 'next', next, 'days', days)) as results_by_type
        from (
            select s.age, k.kind, sum((s.results_by_type ->> k.kind)::double precision) as now,
                sum((s.next_by_type ->> k.kind)::double precision) as next, count(*) as days
            from steps s, jsonb_object_keys(s.results_by_type || s.next_by_type) k(kind) group by s.age, k.kind) c
        group by age
    ), sums as (
        select age, sum(purchases) as now, sum(next_purchases) as next, sum(results) as now_results,
            sum(next_results) as next_results, count(*) as days
        from steps group by age
    )
    select coalesce(json_agg(row_to_json(r) order by r.age), '[]') from (
        select s.*, coalesce(k.results_by_type, '{}') as results_by_type from sums s left join kinds k using (age)) r
$$;

-- As before, but that what counts is the goal of the analysis that is shown, else of the brand, else purchases where the ad
-- reported any. Results are those of the kinds that the goal is in the name of; where the ad has none, of the kind that the
-- analysis shows, else of the only one. A cost is of the days whose conversions are known.
create or replace function public.ad_trend(p_brand uuid, p_ad text, p_from date, p_to date) returns jsonb
language sql stable set search_path = '' set statement_timeout = '30s' as $$
    with brand as materialized (
        select coalesce(s.head ->> 'goal', b.goal) as goal, s.dataset_id, r.summary #>> '{totals,result_type}' as usual
        from public.brands b left join app.analysis_shown(p_brand) s on true
        left join public.ad_intelligence_runs r on r.id = s.id where b.id = p_brand
    ), stored as materialized (
        select p.date, p.currency, p.impressions, p.spend, p.link_clicks, p.purchases, p.results, p.result_type
        from brand b, public.ad_performance_daily p
        where b.dataset_id is null and p.brand_id = p_brand and p.ad_id = p_ad and p.date between p_from and p_to
          and not p.is_partial
        union all
        select p.date_from, d.currency, p.impressions, p.spend, p.link_clicks, p.purchases, p.results, p.result_type
        from brand b join public.ad_performance_period p on p.dataset_id = b.dataset_id
        join public.import_datasets d on d.id = p.dataset_id
        where p.brand_id = p_brand and p.ad_key = p_ad and p.date_from = p.date_to and p.date_from between p_from and p_to
    ), counts as materialized (
        -- Purchases that only the results column counts are read from there, as an analysis reads them.
        select case when wanted is distinct from 'purchase' then 'results' when purchases > 0 or named = 0 then 'purchases'
                else 'results' end as counted,
            lower(replace(wanted, '_', ' ')) as noun, named > 0 as named,
            coalesce((select usual from brand), case when kinds = 1 then kind end) as kind
        from (
            select coalesce((select goal from brand), case when count(purchases) > 0 then 'purchase' end) as wanted,
                count(purchases) as purchases, count(distinct result_type) as kinds, max(result_type) as kind
            from stored) w,
            lateral (select count(*) as named from stored
                where position(lower(replace(w.wanted, '_', ' ')) in lower(replace(result_type, '_', ' '))) > 0) n
    ), rows as materialized (
        select s.date, s.currency, s.impressions, s.spend, s.link_clicks,
            case when c.counted = 'purchases' then s.purchases
                when s.result_type is null or s.result_type = case when not c.named then c.kind end
                    or c.named and position(c.noun in lower(replace(s.result_type, '_', ' '))) > 0 then s.results
            end as conversions
        from stored s, counts c
    ), spans as (
        select 'days' as kind, g::date as first, g::date as last from generate_series(p_from, p_to, '1 day') g
        union all
        select 'weeks', g::date - 6, g::date from generate_series(p_to, p_from + 6, '-7 days') g
    ), sums as (
        select s.kind, s.first, s.last, sum(r.impressions) as impressions, sum(r.spend) as spend,
            sum(r.link_clicks) as link_clicks, sum(r.conversions) as conversions,
            sum(r.spend) filter (where r.conversions is not null) as spend_on_them
        from spans s left join rows r on r.date between s.first and s.last group by s.kind, s.first, s.last
    ), said as (
        select kind, first, jsonb_build_object('from', first, 'to', last, 'impressions', impressions, 'spend', spend,
            'link_clicks', link_clicks, 'conversions', conversions,
            'ctr', (link_clicks / nullif(impressions, 0))::double precision,
            'cpa', (spend_on_them / nullif(conversions, 0))::double precision) as span
        from sums
    )
    select jsonb_build_object('currency', (select max(currency) from rows),
        'conversions', (select counted from counts),
        'days', (select coalesce(jsonb_agg(span order by first), '[]') from said where kind = 'days'),
        'weeks', (select coalesce(jsonb_agg(span order by first), '[]') from said where kind = 'weeks'))
$$;
