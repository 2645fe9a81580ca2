-- As before, but an answer that is stored while its input is claimed is never asked for a second time.

-- Claims inputs that somebody is about to pay for. p_call: {run_id, job_run_id, batch_id, classifier, provider, model,
-- lease_s, force}; p_items: [{call_id, reading, input_hash, prompt_version, purpose, estimated_usd, document}]. For each
-- item, in order: `go`; `covered` where it is answered already, or a person has said; `taken` while another run has it,
-- `batched` while a batch has; `budget` where the brand's month cannot pay for it. Sent twice, the same call ids go.
-- What an interrupted attempt of the same run had in flight is taken over, and so is what a run had that is not running.
create or replace function public.begin_readings(p_brand uuid, p_call jsonb, p_items jsonb) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '60s' as $$
declare
    v_call public.llm_calls := jsonb_populate_record(null::public.llm_calls, p_call);
    v_force boolean := coalesce((p_call ->> 'force')::boolean, false);
    v_lease interval := make_interval(secs => (p_call ->> 'lease_s')::double precision);
    v_item record;
    v_other public.llm_calls;
    v_in_flight boolean;
    v_left numeric;
    v_answer jsonb := '[]';
    v_state text;
begin
    perform pg_advisory_xact_lock(hashtextextended('readings:' || p_brand, 0));
    select b.model_budget_usd
        - coalesce((select sum(s.cost_usd) from public.llm_spend s
            where s.brand_id = p_brand and s.month = app.month_of(now())), 0)
        - coalesce((select sum(c.estimated_usd) from public.llm_calls c
            where c.brand_id = p_brand and c.state = 'in_flight'), 0)
    into v_left from public.brands b where b.id = p_brand;
    for v_item in
        select * from jsonb_to_recordset(p_items) as i(call_id uuid, reading text, input_hash text, prompt_version text,
            purpose text, estimated_usd numeric, document text)
    loop
        -- In this order: an answer is stored and its call ended in one transaction, which may commit between the two looks.
        -- Whoever does not find the call then finds the answer.
        select * into v_other from public.llm_calls c
        where c.brand_id = p_brand and c.reading = v_item.reading and c.input_hash = v_item.input_hash
          and c.prompt_version = v_item.prompt_version and c.classifier = v_call.classifier and c.state = 'in_flight';
        v_in_flight := found;
        if app.reading_stands(p_brand, v_item.reading, v_item.input_hash, v_item.prompt_version, v_call.classifier,
            case when v_force then v_call.job_run_id end, v_force, v_call.run_id)
        then
            v_state := 'covered';
        else
            if not v_in_flight then
                v_state := 'go';
            elsif v_other.id = v_item.call_id then
                v_state := 'again';
            elsif v_other.expires_at <= now() or (v_other.batch_id is null and (v_other.job_run_id = v_call.job_run_id
                or exists (select 1 from public.scheduled_job_runs r
                    where r.id = v_other.job_run_id and r.state <> 'running')))
            then
                -- Its estimate moves from what is in flight to what is spent, so what is left stays the same.
                perform app.lose_call(v_other.id);
                v_state := 'go';
            else
                v_state := case when v_other.batch_id is null then 'taken' else 'batched' end;
            end if;
            if v_state = 'go' and (v_left <= 0 or coalesce(v_item.estimated_usd, 0) > v_left)
                and v_call.provider <> 'sandbox' then
                v_state := 'budget';
            end if;
            if v_state = 'go' then
                insert into public.llm_calls (id, brand_id, run_id, job_run_id, batch_id, classifier, provider, model, purpose,
                    reading, input_hash, prompt_version, document, estimated_usd, expires_at)
                values (v_item.call_id, p_brand, v_call.run_id, v_call.job_run_id, v_call.batch_id, v_call.classifier, v_call.provider,
                    v_call.model, v_item.purpose, v_item.reading, v_item.input_hash, v_item.prompt_version,
                    v_item.document, coalesce(v_item.estimated_usd, 0), now() + v_lease);
                v_left := v_left - coalesce(v_item.estimated_usd, 0);
            end if;
        end if;
        v_answer := v_answer || to_jsonb(case v_state when 'again' then 'go' else v_state end);
    end loop;
    return v_answer;
end $$;
