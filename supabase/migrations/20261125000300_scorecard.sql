-- Scorecards: stored answers of a goal of their own, so that none of them stands for a brand's full analysis, and none
-- touches a recommendation.

alter table public.ad_intelligence_runs
    drop constraint ad_intelligence_runs_goal_check,
    add constraint ad_intelligence_runs_goal_check
        check (goal in ('full_analysis', 'background_classification', 'scorecard'));

-- The first day on which each of these ads was delivered, of all that is stored. Runs as its caller.
create function public.first_deliveries(p_brand uuid, p_ads text[]) returns jsonb
language sql stable set search_path = '' set statement_timeout = '60s' as $$
    select coalesce(jsonb_object_agg(ad_id, first_day), '{}') from (
        select ad_id, min(date) as first_day from public.ad_performance_daily
        where brand_id = p_brand and ad_id = any (p_ads) and (impressions > 0 or spend > 0) group by ad_id) delivered
$$;

-- Stores a scorecard and gives its id; where the same question over the same rows has been answered, that answer's.
create function public.save_scorecard(p_run jsonb) returns uuid
language plpgsql security definer set search_path = '' set statement_timeout = '60s' as $$
declare
    v_in public.ad_intelligence_runs := jsonb_populate_record(null::public.ad_intelligence_runs, p_run);
    v_id uuid;
begin
    perform pg_advisory_xact_lock(hashtext('scorecard:' || v_in.brand_id));
    select id into v_id from public.ad_intelligence_runs
    where brand_id = v_in.brand_id and goal = 'scorecard' and status = 'completed'
      and config_hash = v_in.config_hash and data_version = v_in.data_version
    order by started_at desc limit 1;
    if v_id is null then
        insert into public.ad_intelligence_runs (id, brand_id, goal, job_run_id, source, dataset_id, date_from, date_to,
            days, scope, data_version, config, config_hash, status, summary, blocks, finished_at)
        values (v_in.id, v_in.brand_id, 'scorecard', v_in.job_run_id, v_in.source, v_in.dataset_id, v_in.date_from,
            v_in.date_to, v_in.days, v_in.scope, v_in.data_version, coalesce(v_in.config, '{}'), v_in.config_hash,
            'completed', v_in.summary, v_in.blocks, now())
        returning id into v_id;
    end if;
    return v_id;
end $$;

revoke all on function public.first_deliveries(uuid, text[]), public.save_scorecard(jsonb) from public, anon, authenticated;
grant execute on function public.first_deliveries(uuid, text[]) to authenticated, service_role;
grant execute on function public.save_scorecard(jsonb) to service_role;
