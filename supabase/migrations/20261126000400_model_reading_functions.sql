-- What readings by models ask of the database, each in one call.

-- A slot is a moment at which one call may be sent. Slots of a provider lie 61.8 s / p_per_minute apart, for all workers
-- together; none further ahead than two seconds is given out, so that a worker that dies takes little with it. Answers
-- {delays, retry_in}: seconds from now to each slot, and when to ask again if there was none.
create function public.lease_permits(p_provider text, p_per_minute integer, p_wanted integer) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
    v_apart interval := make_interval(secs => 61.8 / p_per_minute);
    v_row public.provider_permits;
    v_now timestamptz;
    v_slot timestamptz;
    v_delays jsonb := '[]';
begin
    insert into public.provider_permits (provider) values (p_provider) on conflict do nothing;
    select * into v_row from public.provider_permits where provider = p_provider for update;
    v_now := clock_timestamp();
    v_slot := greatest(v_row.next_slot, v_row.held_until, v_now);
    while v_slot <= v_now + interval '2 seconds' and jsonb_array_length(v_delays) < p_wanted loop
        v_delays := v_delays || to_jsonb(extract(epoch from v_slot - v_now));
        v_slot := v_slot + v_apart;
    end loop;
    update public.provider_permits set next_slot = v_slot where provider = p_provider;
    return jsonb_build_object('delays', v_delays,
        'retry_in', greatest(extract(epoch from v_slot - v_now) - 2, 0.05));
end $$;

-- A provider asked everybody to wait.
create function public.hold_permits(p_provider text, p_seconds double precision) returns void
language sql security definer set search_path = '' as $$
    insert into public.provider_permits as p (provider, held_until)
    values (p_provider, clock_timestamp() + make_interval(secs => p_seconds))
    on conflict (provider) do update set held_until = greatest(p.held_until, excluded.held_until)
$$;

-- As before, for keys that name the version of their own prompt; a comparison of ad and page has a table of its own.
create or replace function public.known_readings(
    p_brand uuid, p_keys jsonb, p_classifier text, p_prompt_versions jsonb
) returns jsonb
language sql stable set search_path = '' set statement_timeout = '60s' as $$
    with keys as (
        select k.reading, k.input_hash, coalesce(k.prompt_version, p_prompt_versions ->> k.reading) as prompt_version
        from jsonb_to_recordset(p_keys) as k(reading text, input_hash text, prompt_version text)
    )
    select coalesce(jsonb_agg(distinct jsonb_build_object('reading', f.reading, 'input_hash', f.input_hash,
        'human', f.human)), '[]')
    from (
        select k.reading, k.input_hash, c.classifier = 'human' as human
        from keys k join public.ad_creative_classifications c
            on c.brand_id = p_brand and c.reading = k.reading and c.input_hash = k.input_hash
           and c.superseded_at is null
           and (c.classifier = 'human' or (c.classifier = p_classifier and c.prompt_version = k.prompt_version))
        union all
        select k.reading, k.input_hash, false
        from keys k join public.congruence_components c
            on k.reading = 'congruence' and c.brand_id = p_brand and c.input_hash = k.input_hash
           and c.superseded_at is null and c.classifier = p_classifier and c.prompt_version = k.prompt_version
    ) f
$$;

-- Of the given keys [{reading, input_hash, prompt_version}] those that this classifier could not answer lately, for a reason
-- that asking again seldom mends: [{reading, input_hash, reason}]. Asked in vain once they rest a day, then 4, 16, 30 days.
create function public.unanswerable_readings(p_brand uuid, p_keys jsonb, p_classifier text) returns jsonb
language sql stable set search_path = '' set statement_timeout = '60s' as $$
    select coalesce(jsonb_agg(jsonb_build_object('reading', v.reading, 'input_hash', v.input_hash, 'reason', v.reason)), '[]')
    from (
        select c.reading, c.input_hash, (array_agg(c.reason order by c.finished_at desc))[1] as reason,
            max(c.finished_at) as last, count(*) as times
        from jsonb_to_recordset(p_keys) as k(reading text, input_hash text, prompt_version text)
        join public.llm_calls c on c.brand_id = p_brand and c.reading = k.reading and c.input_hash = k.input_hash
            and c.prompt_version = k.prompt_version and c.classifier = p_classifier and c.state = 'unanswered'
            and c.reason in ('blocked', 'truncated', 'invalid_reply', 'too_large', 'unsupported', 'low_resolution')
        group by c.reading, c.input_hash
    ) v
    where v.last > now() - least(interval '1 day' * power(4, v.times - 1), interval '30 days')
$$;

create function app.month_of(p_at timestamptz) returns date
language sql immutable set search_path = '' as $$
    select date_trunc('month', p_at at time zone 'UTC')::date
$$;

create function app.count_spend(
    p_call public.llm_calls, p_calls integer, p_cost numeric, p_estimated numeric
) returns void
language sql security definer set search_path = '' as $$
    insert into public.llm_spend as s (brand_id, month, provider, model, batch, calls, requests, input_tokens,
        output_tokens, cost_usd, estimated_usd)
    values (p_call.brand_id, app.month_of(p_call.started_at), p_call.provider, p_call.model, p_call.batch_id is not null,
        p_calls, p_call.requests, p_call.input_tokens, p_call.output_tokens, p_cost, p_estimated)
    on conflict (brand_id, month, provider, model, batch) do update set
        calls = s.calls + excluded.calls, requests = s.requests + excluded.requests,
        input_tokens = s.input_tokens + excluded.input_tokens, output_tokens = s.output_tokens + excluded.output_tokens,
        cost_usd = s.cost_usd + excluded.cost_usd, estimated_usd = s.estimated_usd + excluded.estimated_usd
$$;

-- A call whose answer nobody saw was probably paid for: it counts at its estimate.
create function app.lose_call(p_call uuid) returns void
language plpgsql security definer set search_path = '' as $$
declare
    v_call public.llm_calls;
begin
    update public.llm_calls set state = 'lost', finished_at = now(), document = null,
        detail = 'The worker that asked did not live to see the answer.'
    where id = p_call and state = 'in_flight' returning * into v_call;
    if found then
        perform app.count_spend(v_call, 1, v_call.estimated_usd, v_call.estimated_usd);
    end if;
end $$;

-- Claims inputs that somebody is about to pay for. p_call: {run_id, job_run_id, batch_id, classifier, provider, model,
-- lease_s, force}; p_items: [{call_id, reading, input_hash, prompt_version, purpose, estimated_usd, document}]. For each
-- item, in order: `go`; `covered` where it is answered already, or a person has said; `taken` while another run has it,
-- `batched` while a batch has; `budget` where the brand's month cannot pay for it. Sent twice, the same call ids go.
-- What an interrupted attempt of the same run had in flight is taken over, and so is what a run had that is not running.
create function public.begin_readings(p_brand uuid, p_call jsonb, p_items jsonb) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '60s' as $$
declare
    v_call public.llm_calls := jsonb_populate_record(null::public.llm_calls, p_call);
    v_force boolean := coalesce((p_call ->> 'force')::boolean, false);
    v_lease interval := make_interval(secs => (p_call ->> 'lease_s')::double precision);
    v_item record;
    v_other public.llm_calls;
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
        if app.reading_stands(p_brand, v_item.reading, v_item.input_hash, v_item.prompt_version, v_call.classifier,
            case when v_force then v_call.job_run_id end, v_force, v_call.run_id)
        then
            v_state := 'covered';
        else
            select * into v_other from public.llm_calls c
            where c.brand_id = p_brand and c.reading = v_item.reading and c.input_hash = v_item.input_hash
              and c.prompt_version = v_item.prompt_version and c.classifier = v_call.classifier and c.state = 'in_flight';
            if not found then
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

-- Whether an input is answered: by this classifier and prompt, or for good by a person. With p_force only what the same
-- run (p_job_run over its attempts, else p_run) has stored counts, besides the person's word.
create function app.reading_stands(
    p_brand uuid, p_reading text, p_hash text, p_version text, p_classifier text, p_job_run uuid, p_force boolean, p_run uuid
) returns boolean
language sql stable security definer set search_path = '' as $$
    select exists (
        select 1 from public.ad_creative_classifications c left join public.ad_intelligence_runs r on r.id = c.run_id
        where c.brand_id = p_brand and c.reading = p_reading and c.input_hash = p_hash and c.superseded_at is null
          and (c.classifier = 'human' or (c.classifier = p_classifier and c.prompt_version = p_version
            and (not p_force or c.run_id = p_run or r.job_run_id = p_job_run))))
    or p_reading = 'congruence' and exists (
        select 1 from public.congruence_components c left join public.ad_intelligence_runs r on r.id = c.run_id
        where c.brand_id = p_brand and c.input_hash = p_hash and c.superseded_at is null
          and c.classifier = p_classifier and c.prompt_version = p_version
          and (not p_force or c.run_id = p_run or r.job_run_id = p_job_run))
$$;

-- Ends a call with what became of it, and stores what it bought, in one transaction: {stored, state}. Told again, or by
-- somebody who was taken for dead meanwhile, it changes nothing but what the call has cost.
-- p_result: {state, reason, detail, requests, input_tokens, output_tokens, cost_usd, latency_ms}. p_row is a row of
-- ad_creative_classifications, p_video of ad_video_analysis, p_congruence of congruence_components, each without its keys
-- to brand, run and call. p_force replaces what this classifier said before.
create function public.finish_reading(
    p_call uuid, p_result jsonb, p_row jsonb default null, p_video jsonb default null, p_congruence jsonb default null,
    p_force boolean default false
) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '60s' as $$
declare
    v_call public.llm_calls;
    v_was text;
    v_cost numeric;
    v_stored boolean := false;
begin
    select * into v_call from public.llm_calls where id = p_call for update;
    if not found then
        return jsonb_build_object('stored', false, 'state', null);
    end if;
    v_was := v_call.state;
    if v_was not in ('in_flight', 'lost') then
        return jsonb_build_object('stored', v_was = 'answered', 'state', v_was, 'repeated', true);
    end if;
    update public.llm_calls set
        state = p_result ->> 'state', reason = p_result ->> 'reason', detail = left(p_result ->> 'detail', 1000),
        requests = (p_result ->> 'requests')::integer, input_tokens = (p_result ->> 'input_tokens')::bigint,
        output_tokens = (p_result ->> 'output_tokens')::bigint, cost_usd = (p_result ->> 'cost_usd')::numeric,
        latency_ms = (p_result ->> 'latency_ms')::integer, document = null, finished_at = now()
    where id = p_call returning * into v_call;
    -- Without a known price, what was asked counts at its estimate; what never reached the provider costs nothing.
    v_cost := coalesce(v_call.cost_usd, case when v_call.requests > 0 then v_call.estimated_usd else 0 end);
    perform app.count_spend(v_call, case v_was when 'lost' then 0 else 1 end,
        v_cost - case v_was when 'lost' then v_call.estimated_usd else 0 end,
        case when v_call.cost_usd is null then v_cost else 0 end
            - case v_was when 'lost' then v_call.estimated_usd else 0 end);
    if p_row is not null then
        if p_force then
            update public.ad_creative_classifications set superseded_at = now()
            where brand_id = v_call.brand_id and reading = v_call.reading and input_hash = v_call.input_hash
              and prompt_version = v_call.prompt_version and classifier = v_call.classifier and superseded_at is null
              and call_id is distinct from p_call;
        end if;
        insert into public.ad_creative_classifications (brand_id, run_id, call_id, reading, input_hash, prompt_version,
            classifier, awareness, awareness_second, awareness_confidence, format, hook, angle, video_length, labels,
            evidence, notes)
        select v_call.brand_id, v_call.run_id, p_call, v_call.reading, v_call.input_hash, v_call.prompt_version,
            v_call.classifier, r.awareness, r.awareness_second, r.awareness_confidence, r.format, r.hook, r.angle,
            r.video_length, coalesce(r.labels, '{}'), coalesce(r.evidence, '[]'), coalesce(r.notes, '{}')
        from jsonb_populate_record(null::public.ad_creative_classifications, p_row) r
        on conflict (brand_id, reading, input_hash, prompt_version, classifier) where superseded_at is null do nothing;
        v_stored := found;
    end if;
    if p_video is not null then
        if p_force then
            update public.ad_video_analysis set superseded_at = now()
            where brand_id = v_call.brand_id and sha256 = p_video ->> 'sha256' and prompt_version = v_call.prompt_version
              and classifier = v_call.classifier and superseded_at is null and call_id is distinct from p_call;
        end if;
        insert into public.ad_video_analysis (brand_id, sha256, prompt_version, classifier, provider, call_id, duration_s,
            transcript, overlays, storyboard, hook, benefits, pains, claims, angles, emotions, persona, awareness_opening,
            awareness_end, production, notes)
        select v_call.brand_id, v.sha256, v_call.prompt_version, v_call.classifier, v_call.provider, p_call, v.duration_s,
            v.transcript, v.overlays, v.storyboard, v.hook, v.benefits, v.pains, v.claims, v.angles, v.emotions, v.persona,
            v.awareness_opening, v.awareness_end, v.production, coalesce(v.notes, '{}')
        from jsonb_populate_record(null::public.ad_video_analysis, p_video) v
        on conflict (brand_id, sha256, prompt_version, classifier) where superseded_at is null do nothing;
        v_stored := v_stored or found;
    end if;
    if p_congruence is not null then
        if p_force then
            update public.congruence_components set superseded_at = now()
            where brand_id = v_call.brand_id and input_hash = v_call.input_hash and prompt_version = v_call.prompt_version
              and classifier = v_call.classifier and superseded_at is null and call_id is distinct from p_call;
        end if;
        insert into public.congruence_components (brand_id, input_hash, prompt_version, classifier, call_id, run_id, basis,
            promise, offer, proof, tone)
        select v_call.brand_id, v_call.input_hash, v_call.prompt_version, v_call.classifier, p_call, v_call.run_id,
            c.basis, c.promise, c.offer, c.proof, c.tone
        from jsonb_populate_record(null::public.congruence_components, p_congruence) c
        on conflict (brand_id, input_hash, prompt_version, classifier) where superseded_at is null do nothing;
        v_stored := found;
    end if;
    if v_stored then
        perform app.touch_brand(v_call.brand_id);
    end if;
    return jsonb_build_object('stored', v_stored, 'state', v_call.state);
end $$;

-- Claims that were never sent, because the run was stopped before their turn.
create function public.release_readings(p_calls uuid[]) returns integer
language plpgsql security definer set search_path = '' as $$
declare
    v_rows integer;
begin
    delete from public.llm_calls where id = any (p_calls) and state = 'in_flight';
    get diagnostics v_rows = row_count;
    return v_rows;
end $$;

-- Comparisons that cost nothing, all at once; those that stand already stay.
create function public.save_congruence(p_brand uuid, p_run uuid, p_rows jsonb, p_force boolean default false)
returns integer
language plpgsql security definer set search_path = '' set statement_timeout = '60s' as $$
declare
    v_rows integer;
begin
    if p_force then
        update public.congruence_components c set superseded_at = now()
        from jsonb_to_recordset(p_rows) as r(input_hash text, prompt_version text, classifier text)
        where c.brand_id = p_brand and c.input_hash = r.input_hash and c.prompt_version = r.prompt_version
          and c.classifier = r.classifier and c.superseded_at is null and c.run_id is distinct from p_run;
    end if;
    insert into public.congruence_components (brand_id, run_id, input_hash, prompt_version, classifier, basis, promise,
        offer, proof, tone)
    select p_brand, p_run, r.input_hash, r.prompt_version, r.classifier, r.basis, r.promise, r.offer, r.proof, r.tone
    from jsonb_populate_recordset(null::public.congruence_components, p_rows) r
    on conflict (brand_id, input_hash, prompt_version, classifier) where superseded_at is null do nothing;
    get diagnostics v_rows = row_count;
    if v_rows > 0 then
        perform app.touch_brand(p_brand);
    end if;
    return v_rows;
end $$;

-- A batch before it is sent: its row and the claims of its items, with the states that begin_readings gives them. Nothing
-- is written where no item may go. Sent twice, it is one.
create function public.open_batch(p_brand uuid, p_batch uuid, p_call jsonb, p_items jsonb) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '60s' as $$
declare
    v_states jsonb;
    v_go integer;
begin
    insert into public.llm_batches (id, brand_id, run_id, classifier, force, items)
    values (p_batch, p_brand, (p_call ->> 'run_id')::uuid, p_call ->> 'classifier',
        coalesce((p_call ->> 'force')::boolean, false), jsonb_array_length(p_items))
    on conflict (id) do nothing;
    v_states := public.begin_readings(p_brand, p_call || jsonb_build_object('batch_id', p_batch), p_items);
    select count(*) into v_go from jsonb_array_elements_text(v_states) s where s = 'go';
    if v_go = 0 then
        delete from public.llm_batches where id = p_batch;
    else
        update public.llm_batches set items = v_go where id = p_batch;
    end if;
    return v_states;
end $$;

create function public.batch_submitted(p_batch uuid, p_provider_batch_id text, p_files text[]) returns void
language sql security definer set search_path = '' as $$
    update public.llm_batches set state = 'submitted', provider_batch_id = p_provider_batch_id, files = p_files,
        submitted_at = now()
    where id = p_batch and state = 'submitting'
$$;

-- The end of a batch. Items that are still in flight have no answer: they failed, or, of a batch that was never sent,
-- never were. With p_paid nobody knows what they cost, so they count at their estimates.
create function public.close_batch(
    p_batch uuid, p_state text, p_error text default null, p_paid boolean default false
) returns integer
language plpgsql security definer set search_path = '' as $$
declare
    v_rows integer;
begin
    update public.llm_batches set state = p_state, error = p_error, closed_at = now()
    where id = p_batch and state in ('submitting', 'submitted');
    if not found then
        return 0;
    end if;
    if p_paid then
        perform app.lose_call(c.id) from public.llm_calls c where c.batch_id = p_batch and c.state = 'in_flight';
    elsif p_state = 'not_submitted' then
        delete from public.llm_calls where batch_id = p_batch and state = 'in_flight';
    else
        update public.llm_calls set state = 'failed', reason = 'not_answered', finished_at = now(), document = null,
            cost_usd = 0, detail = coalesce(p_error, 'The batch ended without an answer to this.')
        where batch_id = p_batch and state = 'in_flight';
    end if;
    get diagnostics v_rows = row_count;
    return v_rows;
end $$;

-- What a batch still has to answer: [{id, purpose, reading, input_hash, prompt_version, document}].
create function public.batch_items(p_batch uuid) returns jsonb
language sql stable set search_path = '' set statement_timeout = '60s' as $$
    select coalesce(jsonb_agg(jsonb_build_object('id', c.id, 'purpose', c.purpose, 'reading', c.reading,
        'input_hash', c.input_hash, 'prompt_version', c.prompt_version, 'document', c.document) order by c.id), '[]')
    from public.llm_calls c where c.batch_id = p_batch and c.state = 'in_flight'
$$;

-- Until the transaction ends nobody else says what an input is: two people who click at once do so one after the other.
create function app.lock_input(p_brand uuid, p_reading text, p_input_hash text) returns void
language sql set search_path = '' as $$
    select pg_advisory_xact_lock(hashtextextended('correction:' || p_brand || ':' || p_reading || ':' || p_input_hash, 0))
$$;

-- A person's word on what an ad says. p_labels: any of awareness, format, hook, angle, offer, proof, cta, each from its
-- list, over what the best row says; {} confirms that row as it is. It binds to the input, outranks every classifier and
-- outlives their versions. p_seen is the row that the person saw: once another one counts, their word is not taken, unless
-- it is what they have just said (a call whose answer got lost is sent again). Answers the new row's id.
create function public.correct_reading(
    p_brand uuid, p_reading text, p_input_hash text, p_labels jsonb, p_seen uuid default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
    v_best public.ad_creative_classifications;
    v_seen public.ad_creative_classifications;
    v_wrong text;
    v_id uuid;
begin
    if not app.may_write(p_brand) then
        raise exception 'You may not correct labels of this brand.' using errcode = '42501';
    end if;
    select string_agg(l.key, ', ') into v_wrong from jsonb_each_text(p_labels) l
    where not exists (select 1 from app.labels a where a.list = l.key and a.label = l.value);
    if v_wrong is not null then
        raise exception 'Choose a label from its list: %.', left(v_wrong, 200) using errcode = '22023';
    end if;
    perform app.lock_input(p_brand, p_reading, p_input_hash);
    select * into v_best from public.ad_creative_classifications c
    where c.brand_id = p_brand and c.reading = p_reading and c.input_hash = p_input_hash and c.superseded_at is null
    order by app.classifier_rank(c.classifier), c.created_at desc limit 1 for update;
    if not found then
        raise exception 'Nothing has read this yet, so there is nothing to correct.' using errcode = '22023';
    end if;
    if p_seen <> v_best.id then
        select * into v_seen from public.ad_creative_classifications c
        where c.id = p_seen and c.brand_id = p_brand and c.reading = p_reading and c.input_hash = p_input_hash;
        if v_best.classifier = 'human' and v_best.corrected_by = auth.uid()
            and (v_best.awareness, v_best.format, v_best.hook, v_best.angle, v_best.labels) is not distinct from
                (coalesce(p_labels ->> 'awareness', v_seen.awareness), coalesce(p_labels ->> 'format', v_seen.format),
                coalesce(p_labels ->> 'hook', v_seen.hook), coalesce(p_labels ->> 'angle', v_seen.angle),
                v_seen.labels || (p_labels - array['awareness', 'format', 'hook', 'angle']))
        then
            return v_best.id;
        end if;
        raise exception 'This label has changed since it was shown; look at it again.' using errcode = '22023';
    end if;
    update public.ad_creative_classifications set superseded_at = now()
    where brand_id = p_brand and reading = p_reading and input_hash = p_input_hash and classifier = 'human'
      and superseded_at is null;
    insert into public.ad_creative_classifications (brand_id, reading, input_hash, prompt_version, classifier, awareness,
        awareness_second, awareness_confidence, format, hook, angle, video_length, labels, evidence, corrected_by)
    values (p_brand, p_reading, p_input_hash, 'human', 'human', coalesce(p_labels ->> 'awareness', v_best.awareness),
        null, 1, coalesce(p_labels ->> 'format', v_best.format), coalesce(p_labels ->> 'hook', v_best.hook),
        coalesce(p_labels ->> 'angle', v_best.angle), v_best.video_length,
        v_best.labels || (p_labels - array['awareness', 'format', 'hook', 'angle']),
        case when coalesce(p_labels ->> 'awareness', v_best.awareness) = v_best.awareness then v_best.evidence
             else '[]'::jsonb end,
        auth.uid())
    returning id into v_id;
    perform app.touch_brand(p_brand);
    return v_id;
end $$;

-- Takes a person's word back; what the classifiers said stands again. With p_row only that row's word: false once a later
-- one stands, true where it was taken back before.
create function public.withdraw_correction(p_brand uuid, p_reading text, p_input_hash text, p_row uuid default null)
returns boolean
language plpgsql security definer set search_path = '' as $$
begin
    if not app.may_write(p_brand) then
        raise exception 'You may not correct labels of this brand.' using errcode = '42501';
    end if;
    perform app.lock_input(p_brand, p_reading, p_input_hash);
    update public.ad_creative_classifications set superseded_at = now()
    where brand_id = p_brand and reading = p_reading and input_hash = p_input_hash and classifier = 'human'
      and superseded_at is null and (p_row is null or id = p_row);
    if found then
        perform app.touch_brand(p_brand);
        return true;
    end if;
    return exists (
        select 1 from public.ad_creative_classifications
        where id = p_row and brand_id = p_brand and reading = p_reading and input_hash = p_input_hash
          and classifier = 'human')
    and not exists (
        select 1 from public.ad_creative_classifications
        where brand_id = p_brand and reading = p_reading and input_hash = p_input_hash and classifier = 'human'
          and superseded_at is null);
end $$;
