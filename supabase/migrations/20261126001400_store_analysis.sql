-- Stores a whole analysis in one transaction; the same run id twice changes nothing. What is said of ads comes as the text of a JSON array, since the API reads through
-- every value of a JSON body before it asks; a `detail` comes without its id, ad_id, verdict and reason, which its row has.
create function public.store_analysis(
    p_run jsonb, p_baselines jsonb, p_diagnostics text, p_recommendations jsonb
) returns uuid
language plpgsql security definer set search_path = '' set statement_timeout = '60s' as $$
declare
    v_in public.ad_intelligence_runs := jsonb_populate_record(null::public.ad_intelligence_runs, p_run);
begin
    perform pg_advisory_xact_lock(hashtext('analysis:' || v_in.brand_id));
    insert into public.ad_intelligence_runs (id, brand_id, goal, job_run_id, source, dataset_id, date_from, date_to, days,
        scope, data_version, config, config_hash, status, summary, blocks, finished_at)
    values (v_in.id, v_in.brand_id, 'full_analysis', v_in.job_run_id, v_in.source, v_in.dataset_id, v_in.date_from,
        v_in.date_to, v_in.days, v_in.scope, v_in.data_version, coalesce(v_in.config, '{}'), v_in.config_hash, 'completed',
        v_in.summary, v_in.blocks, now())
    on conflict (id) do nothing;
    if not found then
        return v_in.id;
    end if;
    insert into public.ad_intelligence_baselines (run_id, brand_id, cohort, metric, detail)
    select v_in.id, v_in.brand_id, r.cohort, r.metric, r.detail
    from jsonb_to_recordset(p_baselines) as r(cohort text, metric text, detail jsonb);
    insert into public.ad_intelligence_diagnostics (run_id, brand_id, ad_id, diagnosis, verdict, probability, reason, detail)
    select v_in.id, v_in.brand_id, r.ad_id, r.diagnosis, r.verdict, r.probability, r.reason,
        r.detail || jsonb_build_object('id', r.diagnosis || ':' || r.ad_id, 'ad_id', r.ad_id, 'verdict', r.verdict,
            'reason', r.reason)
    from jsonb_to_recordset(p_diagnostics::jsonb) as r(ad_id text, diagnosis text, verdict text, probability numeric,
        reason text, detail jsonb);
    update public.ad_intelligence_recommendations o set superseded_at = now()
    where o.brand_id = v_in.brand_id and o.scope = v_in.scope and o.superseded_at is null
      and o.cause_key not in (select r.cause_key from jsonb_to_recordset(p_recommendations) as r(cause_key text));
    insert into public.ad_intelligence_recommendations as t (run_id, brand_id, scope, cause_key, category, action, title,
        why, ad_ids, money_per_week, confidence, detail)
    select v_in.id, v_in.brand_id, v_in.scope, r.cause_key, r.category, r.action, r.title, r.why, r.ad_ids, r.money_per_week,
        r.confidence, r.detail
    from jsonb_populate_recordset(null::public.ad_intelligence_recommendations, p_recommendations) r
    on conflict (brand_id, scope, cause_key) where superseded_at is null do update set
        run_id = excluded.run_id, category = excluded.category, action = excluded.action, title = excluded.title,
        why = excluded.why, ad_ids = excluded.ad_ids, money_per_week = excluded.money_per_week,
        confidence = excluded.confidence, detail = excluded.detail;
    return v_in.id;
end $$;

-- For a worker that was started before this.
create or replace function public.save_analysis(
    p_run jsonb, p_baselines jsonb, p_diagnostics jsonb, p_recommendations jsonb
) returns uuid
language sql security definer set search_path = '' set statement_timeout = '60s' as $$
    select public.store_analysis(p_run, p_baselines, p_diagnostics::text, p_recommendations)
$$;

revoke all on function public.store_analysis(jsonb, jsonb, text, jsonb) from public, anon, authenticated;
grant execute on function public.store_analysis(jsonb, jsonb, text, jsonb) to service_role;

-- The same rows as before: as an array it is one comparison for each of the very many rows, and no look into a set.
alter policy members_read on public.ad_performance_daily using (brand_id = any (array(select app.my_brands())));
