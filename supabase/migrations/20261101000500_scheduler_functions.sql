-- The queue. Only the database's clock counts; every call may be repeated after an answer that got lost.

create function app.run_from_job(
    p_job public.scheduled_jobs, p_scheduled_for timestamptz, p_run_at timestamptz, p_trigger text, p_key text,
    p_parameters jsonb default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
    v_id uuid;
begin
    insert into public.scheduled_job_runs (job_id, brand_id, job_type, parameters, scheduled_for, run_at, trigger,
        idempotency_key, priority, max_attempts, timeout_s)
    values (p_job.id, p_job.brand_id, p_job.job_type, coalesce(p_parameters, p_job.parameters), p_scheduled_for,
        p_run_at, p_trigger, p_key, p_job.priority, p_job.max_attempts, p_job.timeout_s)
    on conflict do nothing
    returning id into v_id;
    return v_id;
end $$;

create function app.log_event(p_run uuid, p_level text, p_message text, p_data jsonb default null) returns void
language sql security definer set search_path = '' as $$
    insert into public.job_run_events (run_id, brand_id, level, message, data)
    select id, brand_id, p_level, p_message, p_data from public.scheduled_job_runs where id = p_run
$$;

create function app.require_clock(p_now timestamptz) returns void
language plpgsql stable set search_path = '' as $$
begin
    if p_now is null or abs(extract(epoch from now() - p_now)) > 60 then
        raise exception 'The clock of this machine is % seconds away from the database''s; set it right and try again.',
            coalesce(round(abs(extract(epoch from now() - p_now)))::text, 'unknown') using errcode = '22023';
    end if;
end $$;

create function app.open_alert(p_cause text, p_brand uuid, p_text text) returns void
language sql security definer set search_path = '' as $$
    insert into public.alerts (cause_key, brand_id, text) values (p_cause, p_brand, p_text)
    on conflict (brand_id, cause_key) where closed_at is null do update set text = excluded.text
$$;

-- A failed run of a schedule, said once until the next success.
create function app.alert_of_run(p_run uuid) returns void
language sql security definer set search_path = '' as $$
    select app.open_alert(
        case when r.error_class = 'needs_reauth' then 'job-reauth:' else 'run-failed:' end || r.job_id, r.brand_id,
        j.name || ' failed: ' || coalesce(r.error_message, r.state))
    from public.scheduled_job_runs r join public.scheduled_jobs j on j.id = r.job_id where r.id = p_run
$$;

-- How an attempt ends that was asked to stop: past its deadline as timed out, else as cancelled.
create function app.stopped_as(p_run public.scheduled_job_runs) returns text
language sql immutable set search_path = '' as $$
    select case when p_run.cancel_requested_at >= p_run.deadline_at then 'timed_out'
        when p_run.cancel_requested_at is not null then 'cancelled' end
$$;

create function app.timeout_message(p_timeout_s integer) returns text
language sql immutable set search_path = '' as $$
    select 'Ran longer than its time limit of ' || p_timeout_s || ' seconds.'
$$;

-- Creates a schedule (no revision; an id of the caller's own makes it safe to repeat) or edits the revision it names.
-- p_now is the moment from which the caller computed next_run_at.
-- A new one-time job that is due at once gets its run in the same transaction, under p_idempotency_key.
create function public.save_schedule(p_job jsonb, p_now timestamptz, p_idempotency_key text default null) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
    v_in public.scheduled_jobs;
    v_old public.scheduled_jobs;
    v_job public.scheduled_jobs;
    v_run uuid;
begin
    v_in := jsonb_populate_record(null::public.scheduled_jobs, p_job);
    if not exists (select 1 from public.brands where id = v_in.brand_id and app.may_write(id)) then
        raise exception 'You may not schedule work for this brand.' using errcode = '42501';
    end if;
    if p_idempotency_key is not null then
        perform pg_advisory_xact_lock(hashtext(v_in.brand_id || p_idempotency_key));
        select r.job_id, r.id into v_job.id, v_run from public.scheduled_job_runs r
        where r.brand_id = v_in.brand_id and r.idempotency_key = p_idempotency_key;
        if found then
            return jsonb_build_object('job_id', v_job.id, 'run_id', v_run, 'already', true);
        end if;
    end if;
    perform app.require_clock(p_now);
    v_in.parameters := coalesce(v_in.parameters, '{}');
    v_in.timezone := coalesce(v_in.timezone, 'UTC');
    v_in.misfire_policy := coalesce(v_in.misfire_policy, 'latest');
    v_in.misfire_window_s := coalesce(v_in.misfire_window_s, 86400);
    v_in.overlap_policy := coalesce(v_in.overlap_policy, 'skip');
    v_in.jitter_s := coalesce(v_in.jitter_s, 0);
    v_in.priority := coalesce(v_in.priority, 100);
    v_in.max_attempts := coalesce(v_in.max_attempts, 3);
    v_in.timeout_s := coalesce(v_in.timeout_s, 3600);
    if not exists (select 1 from pg_catalog.pg_timezone_names where name = v_in.timezone) then
        raise exception 'Unknown time zone "%". Use an IANA name such as America/New_York.', v_in.timezone
            using errcode = '22023';
    end if;
    if v_in.schedule_type = 'recurring' and v_in.next_run_at is null then
        raise exception 'A recurring schedule needs its next time.' using errcode = '22023';
    elsif v_in.schedule_type = 'recurring' and v_in.next_run_at <= p_now then
        -- Saving never replays a time that has passed.
        raise exception 'The next time of a recurring schedule must lie ahead.' using errcode = '22023';
    end if;

    if v_in.revision is not null then
        select * into v_old from public.scheduled_jobs where id = v_in.id for update;
        if not found or v_old.brand_id <> v_in.brand_id then
            raise exception 'There is no such schedule.' using errcode = '42501';
        end if;
        v_job := v_old;
        v_job.job_type := v_in.job_type;
        v_job.name := v_in.name;
        v_job.parameters := v_in.parameters;
        v_job.schedule_type := v_in.schedule_type;
        v_job.cron_expression := v_in.cron_expression;
        v_job.timezone := v_in.timezone;
        v_job.next_run_at := coalesce(v_in.next_run_at, v_old.next_run_at, now());
        v_job.start_at := v_in.start_at;
        v_job.end_at := v_in.end_at;
        v_job.max_runs := v_in.max_runs;
        v_job.misfire_policy := v_in.misfire_policy;
        v_job.misfire_window_s := v_in.misfire_window_s;
        v_job.overlap_policy := v_in.overlap_policy;
        v_job.jitter_s := v_in.jitter_s;
        v_job.priority := v_in.priority;
        v_job.max_attempts := v_in.max_attempts;
        v_job.timeout_s := v_in.timeout_s;
        if v_old.revision = v_in.revision + 1 and v_job is not distinct from v_old then
            return jsonb_build_object('job_id', v_old.id, 'run_id', null, 'already', true);
        end if;
        if v_in.revision <> v_old.revision then
            -- Not 40001, which PostgREST takes for a conflict of transactions and tries again for a minute.
            raise exception 'This schedule was changed by somebody else; open it again.' using errcode = 'PT409';
        end if;
        if v_old.status = 'archived' then
            raise exception 'This schedule is archived; make a new one.' using errcode = '22023';
        end if;
        update public.scheduled_jobs set
            job_type = v_job.job_type, name = v_job.name, parameters = v_job.parameters,
            schedule_type = v_job.schedule_type, cron_expression = v_job.cron_expression, timezone = v_job.timezone,
            next_run_at = v_job.next_run_at, start_at = v_job.start_at, end_at = v_job.end_at,
            max_runs = v_job.max_runs, misfire_policy = v_job.misfire_policy,
            misfire_window_s = v_job.misfire_window_s, overlap_policy = v_job.overlap_policy,
            jitter_s = v_job.jitter_s, priority = v_job.priority, max_attempts = v_job.max_attempts,
            timeout_s = v_job.timeout_s, revision = v_old.revision + 1, updated_at = now(), status_reason = null,
            status = case when v_old.status = 'paused' then 'paused' else 'active' end
        where id = v_old.id;
        update public.alerts set closed_at = now() where cause_key = 'job-invalid:' || v_old.id and closed_at is null;
        return jsonb_build_object('job_id', v_old.id, 'run_id', null, 'already', false);
    end if;

    insert into public.scheduled_jobs (id, brand_id, job_type, name, parameters, schedule_type, cron_expression,
        timezone, next_run_at, start_at, end_at, max_runs, misfire_policy, misfire_window_s, overlap_policy, jitter_s,
        priority, max_attempts, timeout_s, created_by)
    values (coalesce(v_in.id, gen_random_uuid()), v_in.brand_id, v_in.job_type, v_in.name, v_in.parameters,
        v_in.schedule_type, v_in.cron_expression, v_in.timezone, coalesce(v_in.next_run_at, now()), v_in.start_at,
        v_in.end_at, v_in.max_runs, v_in.misfire_policy, v_in.misfire_window_s, v_in.overlap_policy, v_in.jitter_s,
        v_in.priority, v_in.max_attempts, v_in.timeout_s, auth.uid())
    on conflict (id) do nothing
    returning * into v_job;
    if not found then
        select j.id, r.id into v_job.id, v_run from public.scheduled_jobs j
        left join public.scheduled_job_runs r on r.job_id = j.id and r.trigger = 'api'
        where j.id = v_in.id and j.brand_id = v_in.brand_id;
        if not found then
            raise exception 'This id belongs to another schedule.' using errcode = '42501';
        end if;
        return jsonb_build_object('job_id', v_job.id, 'run_id', v_run, 'already', true);
    end if;
    if v_job.schedule_type = 'one_time' and v_job.next_run_at <= now() then
        v_run := app.run_from_job(v_job, now(), now(), 'api', p_idempotency_key);
        if v_run is null then
            raise exception 'This key was used for another schedule.' using errcode = '22023';
        end if;
        update public.scheduled_jobs set status = 'completed', next_run_at = null, runs_started = 1 where id = v_job.id;
    end if;
    return jsonb_build_object('job_id', v_job.id, 'run_id', v_run, 'already', false);
end $$;

create function public.due(p_limit integer default 100) returns jsonb
language sql stable security definer set search_path = '' as $$
    select jsonb_build_object('now', now(), 'jobs', coalesce(jsonb_agg(to_jsonb(j) order by j.next_run_at, j.id), '[]'))
    from (select * from public.scheduled_jobs where status = 'active' and next_run_at <= now()
          order by next_run_at, id limit p_limit) j
$$;

-- Moves a schedule on by compare-and-swap and writes its occurrences in the same transaction.
-- p_occurrences: [{scheduled_for, run_at, count?, reason?}]; a reason makes it a skipped row. Without p_next the
-- schedule is completed.
create function public.advance(
    p_job uuid, p_revision integer, p_expected_next timestamptz, p_next timestamptz, p_occurrences jsonb
) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
    v_job public.scheduled_jobs;
    v_occurrence jsonb;
    v_active integer;
    v_queued integer;
    v_started integer := 0;
    v_ended boolean;
    v_reason text;
    v_run uuid;
begin
    select * into v_job from public.scheduled_jobs where id = p_job for update;
    if not found or v_job.revision <> p_revision or v_job.status <> 'active'
        or v_job.next_run_at is distinct from p_expected_next then
        return jsonb_build_object('advanced', false);
    end if;
    if p_next <= p_expected_next then
        raise exception 'A schedule only moves forward.' using errcode = '22023';
    end if;
    for v_occurrence in select * from jsonb_array_elements(p_occurrences) loop
        v_reason := v_occurrence ->> 'reason';
        if v_reason is null then
            select count(*), count(*) filter (where state = 'queued') into v_active, v_queued
            from public.scheduled_job_runs where job_id = p_job and state in ('queued', 'running');
            if (v_job.overlap_policy = 'skip' and v_active > 0)
                or (v_job.overlap_policy = 'queue_one' and v_queued > 0) then
                v_reason := 'overlap';
            elsif v_job.overlap_policy = 'cancel_other' then
                update public.scheduled_job_runs set state = 'skipped', reason = 'superseded', finished_at = now()
                where job_id = p_job and state = 'queued';
                update public.scheduled_job_runs set cancel_requested_at = coalesce(cancel_requested_at, now())
                where job_id = p_job and state = 'running';
            end if;
        end if;
        if v_reason is null then
            v_run := app.run_from_job(v_job, (v_occurrence ->> 'scheduled_for')::timestamptz,
                coalesce((v_occurrence ->> 'run_at')::timestamptz, now()), 'schedule', null);
            v_started := v_started + (v_run is not null)::integer;
        else
            insert into public.scheduled_job_runs (job_id, brand_id, job_type, parameters, scheduled_for, trigger,
                state, reason, occurrences, finished_at)
            values (v_job.id, v_job.brand_id, v_job.job_type, v_job.parameters,
                (v_occurrence ->> 'scheduled_for')::timestamptz, 'schedule', 'skipped', v_reason,
                coalesce((v_occurrence ->> 'count')::integer, 1), now())
            on conflict do nothing;
        end if;
    end loop;
    -- Runs that really started count, so that an overlap does not use up one of max_runs.
    v_ended := p_next is null or coalesce(v_job.runs_started + v_started >= v_job.max_runs, false);
    update public.scheduled_jobs set
        next_run_at = case when not v_ended then p_next end, runs_started = runs_started + v_started,
        status = case when v_ended then 'completed' else status end, status_reason = null, updated_at = now()
    where id = p_job;
    return jsonb_build_object('advanced', true, 'started', v_started);
end $$;

-- A schedule that cannot run: it stops, says why, and raises one alert.
create function public.invalidate(p_job uuid, p_revision integer, p_reason text) returns boolean
language plpgsql security definer set search_path = '' as $$
declare
    v_brand uuid;
begin
    update public.scheduled_jobs set status = 'invalid', status_reason = p_reason, updated_at = now()
    where id = p_job and revision = p_revision and status = 'active' returning brand_id into v_brand;
    if v_brand is null then
        return false;
    end if;
    perform app.open_alert('job-invalid:' || p_job, v_brand, p_reason);
    return true;
end $$;

-- Hands up to p_limit queued runs to a worker. The same claim id gives the same runs again.
create function public.claim(p_claim_id uuid, p_worker uuid, p_limit integer, p_lease_s integer) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
    v_run public.scheduled_job_runs;
    v_organization uuid;
    v_taken integer := 0;
begin
    -- Limits count rows of other transactions, so claims take turns; one turn is a millisecond.
    perform pg_advisory_xact_lock(hashtext('scheduler.claim'));
    select count(*) into v_taken from public.scheduled_job_runs where claim_id = p_claim_id and state = 'running';
    if v_taken = 0 then
        for v_run in
            select r.* from public.scheduled_job_runs r
            where r.state = 'queued' and r.run_at <= now()
              and not exists (
                select 1 from public.concurrency_limits l
                where ((l.scope = 'global' and l.key = '*') or (l.scope = 'job_type' and l.key = r.job_type)
                    or (l.scope = 'brand' and l.key = r.brand_id::text)
                    or (l.scope = 'brand_job_type' and l.key = r.brand_id || ':' || r.job_type)
                    or (l.scope = 'organization' and l.key = (select b.organization_id::text from public.brands b
                        where b.id = r.brand_id)))
                  and app.running_under(l.scope, l.key) >= l."limit")
            order by r.priority, r.run_at, r.id
            for update of r skip locked
        loop
            exit when v_taken >= p_limit;
            -- What this very call has taken counts too.
            continue when app.is_full(v_run.brand_id, v_run.job_type);
            update public.scheduled_job_runs set
                state = 'running', claim_id = p_claim_id, lease_worker = p_worker, lease_epoch = lease_epoch + 1,
                attempt = attempt + 1, lease_until = now() + make_interval(secs => p_lease_s),
                deadline_at = now() + make_interval(secs => timeout_s), started_at = coalesce(started_at, now()),
                cancel_requested_at = null, error_class = null, error_message = null
            where id = v_run.id;
            v_taken := v_taken + 1;
        end loop;
    end if;
    return (select coalesce(jsonb_agg(to_jsonb(r) || jsonb_build_object('organization_id', b.organization_id)
            order by r.priority, r.run_at, r.id), '[]')
        from public.scheduled_job_runs r join public.brands b on b.id = r.brand_id
        where r.claim_id = p_claim_id and r.state = 'running');
end $$;

create function app.running_under(p_scope text, p_key text) returns bigint
language sql stable security definer set search_path = '' as $$
    select count(*) from public.scheduled_job_runs r join public.brands b on b.id = r.brand_id
    where r.state = 'running' and case p_scope
        when 'global' then true
        when 'job_type' then r.job_type = p_key
        when 'brand' then r.brand_id::text = p_key
        when 'brand_job_type' then r.brand_id || ':' || r.job_type = p_key
        when 'organization' then b.organization_id::text = p_key
    end
$$;

create function app.is_full(p_brand uuid, p_job_type text) returns boolean
language sql volatile security definer set search_path = '' as $$
    select exists (
        select 1 from public.concurrency_limits l join public.brands b on b.id = p_brand
        where ((l.scope = 'global' and l.key = '*') or (l.scope = 'job_type' and l.key = p_job_type)
            or (l.scope = 'brand' and l.key = p_brand::text)
            or (l.scope = 'brand_job_type' and l.key = p_brand || ':' || p_job_type)
            or (l.scope = 'organization' and l.key = b.organization_id::text))
          and app.running_under(l.scope, l.key) >= l."limit")
$$;

-- Keeps leases alive, stores progress and events, and answers what became of each run.
-- p_runs: [{id, epoch, progress?}], p_events: [{run_id, epoch, level, step, message, data, key}]
create function public.beat(
    p_worker uuid, p_name text, p_version text, p_slots integer, p_lease_s integer, p_runs jsonb, p_events jsonb
) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
    v_answer jsonb;
begin
    insert into public.scheduler_workers (id, name, version, slots) values (p_worker, p_name, p_version, p_slots)
    on conflict (id) do update set last_seen_at = now(), slots = excluded.slots, stopped_at = null;
    update public.scheduled_job_runs r set
        lease_until = now() + make_interval(secs => p_lease_s),
        progress = coalesce(b.progress, r.progress)
    from jsonb_to_recordset(p_runs) as b(id uuid, epoch integer, progress jsonb)
    where r.id = b.id and r.lease_epoch = b.epoch and r.lease_worker = p_worker and r.state = 'running';
    insert into public.job_run_events (run_id, brand_id, level, step, message, data, key)
    select r.id, r.brand_id, e.level, e.step, e.message, e.data, e.key
    from rows from (jsonb_to_recordset(p_events)
        as (run_id uuid, epoch integer, level text, step text, message text, data jsonb, key uuid)) with ordinality as e
    join public.scheduled_job_runs r on r.id = e.run_id and r.lease_epoch = e.epoch and r.lease_worker = p_worker
    order by e.ordinality
    on conflict (run_id, key) do nothing;
    select coalesce(jsonb_agg(jsonb_build_object('id', b.id,
        'owned', coalesce(r.lease_epoch = b.epoch and r.lease_worker = p_worker and r.state = 'running', false),
        'stop', r.cancel_requested_at is not null)), '[]') into v_answer
    from jsonb_to_recordset(p_runs) as b(id uuid, epoch integer) left join public.scheduled_job_runs r on r.id = b.id;
    return v_answer;
end $$;

create function public.checkpoint(p_run uuid, p_epoch integer, p_checkpoint jsonb) returns boolean
language sql security definer set search_path = '' as $$
    with kept as (
        update public.scheduled_job_runs set checkpoint = p_checkpoint
        where id = p_run and lease_epoch = p_epoch and state = 'running' returning 1)
    select exists (select 1 from kept)
$$;

-- Ends an attempt. p_state: succeeded | failed | cancelled | timed_out, or queued for another try in p_retry_in_s.
-- p_refund gives the attempt back (a service asked us to wait). p_chain: [{job_type, name, parameters}] become
-- one-time jobs with a queued run each, once, with the success that asked for them.
create function public.finish(
    p_run uuid, p_epoch integer, p_worker uuid, p_state text, p_result jsonb default null,
    p_error_class text default null, p_error_message text default null, p_retry_in_s double precision default null,
    p_refund boolean default false, p_chain jsonb default '[]'
) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
    v_run public.scheduled_job_runs;
    v_link jsonb;
    v_job public.scheduled_jobs;
    v_index integer := 0;
    v_chained uuid;
    v_state text := p_state;
begin
    select * into v_run from public.scheduled_job_runs where id = p_run for update;
    if not found then
        return jsonb_build_object('accepted', false, 'state', null);
    end if;
    if p_state in ('queued', 'cancelled') then
        -- Who was asked to stop is not tried again, and whoever missed the deadline says so.
        v_state := coalesce(app.stopped_as(v_run), p_state);
    end if;
    if v_run.lease_epoch = p_epoch and v_run.lease_worker = p_worker and v_run.state = v_state then
        return jsonb_build_object('accepted', true, 'state', v_run.state, 'repeated', true);
    end if;
    if v_run.state <> 'running' or v_run.lease_epoch <> p_epoch or v_run.lease_worker is distinct from p_worker then
        perform app.log_event(p_run, 'warning', 'A stale worker tried to end this run and was refused.',
            jsonb_build_object('epoch', p_epoch, 'state', p_state));
        return jsonb_build_object('accepted', false, 'state', v_run.state);
    end if;
    if v_state = 'queued' then
        update public.scheduled_job_runs set
            state = 'queued', run_at = now() + make_interval(secs => coalesce(p_retry_in_s, 0)),
            attempt = attempt - p_refund::integer, lease_until = null, deadline_at = null, claim_id = null,
            error_class = p_error_class, error_message = p_error_message
        where id = p_run;
        return jsonb_build_object('accepted', true, 'state', 'queued');
    end if;
    update public.scheduled_job_runs set
        state = v_state, result = p_result, finished_at = now(), lease_until = null,
        error_class = case v_state when 'timed_out' then 'timeout' when 'cancelled' then null else p_error_class end,
        error_message = case v_state when 'timed_out' then app.timeout_message(timeout_s)
            when 'cancelled' then 'Stopped by a person.' else p_error_message end
    where id = p_run;
    if v_state = 'succeeded' then
        for v_link in select * from jsonb_array_elements(p_chain) loop
            insert into public.scheduled_jobs (brand_id, job_type, name, parameters, schedule_type, status, runs_started)
            values (v_run.brand_id, v_link ->> 'job_type', v_link ->> 'name', coalesce(v_link -> 'parameters', '{}'),
                'one_time', 'completed', 1)
            returning * into v_job;
            v_chained := app.run_from_job(v_job, now(), now(), 'chain', p_run || ':chain:' || v_index);
            update public.scheduled_job_runs set chained_from = p_run where id = v_chained;
            v_index := v_index + 1;
        end loop;
        update public.alerts set closed_at = now()
        where cause_key in ('run-failed:' || v_run.job_id, 'job-reauth:' || v_run.job_id) and closed_at is null;
    elsif v_state in ('failed', 'timed_out') then
        perform app.alert_of_run(p_run);
    end if;
    return jsonb_build_object('accepted', true, 'state', v_state);
end $$;

-- Puts an interrupted run back, its attempt refunded; a run that keeps being interrupted fails in the end.
create function public.release(p_run uuid, p_epoch integer, p_worker uuid, p_reason text) returns boolean
language plpgsql security definer set search_path = '' as $$
declare
    v_run public.scheduled_job_runs;
    v_state text;
begin
    select * into v_run from public.scheduled_job_runs
    where id = p_run and lease_epoch = p_epoch and lease_worker = p_worker and state = 'running' for update;
    if not found then
        return false;
    end if;
    v_state := coalesce(app.stopped_as(v_run), case when v_run.interruptions >= 10 then 'failed' else 'queued' end);
    update public.scheduled_job_runs set
        state = v_state, finished_at = case when v_state <> 'queued' then now() end,
        error_class = case v_state when 'failed' then 'lost' when 'timed_out' then 'timeout' end,
        error_message = case v_state when 'failed' then 'Interrupted more than ten times: ' || p_reason
            when 'timed_out' then app.timeout_message(timeout_s) when 'cancelled' then 'Stopped by a person.' end,
        attempt = attempt - 1, interruptions = interruptions + 1, run_at = now(), lease_until = null,
        deadline_at = case when v_state <> 'queued' then deadline_at end, claim_id = null
    where id = p_run;
    if v_state = 'queued' then
        perform app.log_event(p_run, 'info', 'Interrupted and put back: ' || p_reason);
    elsif v_state in ('failed', 'timed_out') then
        perform app.alert_of_run(p_run);
    end if;
    return true;
end $$;

-- Takes back what a dead worker held, and stops what runs past its deadline. Any worker may call it.
create function public.reap() returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
    v_requeued uuid[];
    v_lost uuid[];
    v_late uuid[];
    v_timed_out uuid[];
begin
    with expired as (
        select r.id, coalesce(app.stopped_as(r), case when r.attempt < r.max_attempts then 'queued' else 'failed' end)
            as becomes
        from public.scheduled_job_runs r where r.state = 'running' and r.lease_until < now() for update skip locked
    ), put_back as (
        update public.scheduled_job_runs r set
            state = e.becomes, finished_at = case when e.becomes <> 'queued' then now() end,
            error_class = case e.becomes when 'cancelled' then null when 'timed_out' then 'timeout' else 'lost' end,
            error_message = case e.becomes when 'cancelled' then 'Stopped by a person.'
                when 'timed_out' then app.timeout_message(r.timeout_s)
                else 'The worker that ran this stopped answering.' end,
            run_at = now(), lease_until = null, claim_id = null,
            deadline_at = case when e.becomes <> 'queued' then r.deadline_at end
        from expired e where r.id = e.id returning r.id, r.state
    )
    select array_agg(id) filter (where state = 'queued'), array_agg(id) filter (where state <> 'queued')
    into v_requeued, v_lost from put_back;
    perform app.log_event(id, 'warning', 'The worker that ran this stopped answering; the run went back to the queue.')
    from unnest(v_requeued) id;
    perform app.log_event(id, 'error', 'The worker that ran this stopped answering; the run is over.')
    from unnest(v_lost) id;

    with late as (
        update public.scheduled_job_runs set cancel_requested_at = now()
        where state = 'running' and deadline_at < now() and cancel_requested_at is null returning id)
    select array_agg(id) into v_late from late;
    perform app.log_event(id, 'warning', 'Past its deadline; asked to stop.') from unnest(v_late) id;
    -- A handler past its deadline that was asked to stop a minute ago and has not loses the run.
    with gone as (
        update public.scheduled_job_runs set state = 'timed_out', finished_at = now(), lease_until = null,
            error_class = 'timeout', error_message = app.timeout_message(timeout_s)
        where state = 'running' and deadline_at < now() and cancel_requested_at < now() - interval '60 seconds'
        returning id)
    select array_agg(id) into v_timed_out from gone;
    perform app.alert_of_run(r.id) from public.scheduled_job_runs r
    where r.id = any (v_lost || v_timed_out) and r.state in ('failed', 'timed_out');
    return jsonb_build_object('requeued', coalesce(to_jsonb(v_requeued), '[]'), 'lost', coalesce(to_jsonb(v_lost), '[]'),
        'asked_to_stop', coalesce(to_jsonb(v_late), '[]'), 'timed_out', coalesce(to_jsonb(v_timed_out), '[]'));
end $$;

create function public.worker_stopped(p_worker uuid) returns void
language sql security definer set search_path = '' as $$
    update public.scheduler_workers set stopped_at = now() where id = p_worker
$$;

-- What people do. Each asks for the right to write in its own words.

create function public.run_now(p_job uuid, p_idempotency_key text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
    v_job public.scheduled_jobs;
    v_run uuid;
begin
    select * into v_job from public.scheduled_jobs where id = p_job;
    if not found or not app.may_write(v_job.brand_id) then
        raise exception 'There is no such schedule, or you may not run it.' using errcode = '42501';
    end if;
    if v_job.status in ('archived', 'invalid') then
        raise exception 'This schedule is % and cannot run.', v_job.status using errcode = '22023';
    end if;
    v_run := app.run_from_job(v_job, now(), now(), 'run_now', p_idempotency_key);
    if v_run is null then
        select id into v_run from public.scheduled_job_runs where idempotency_key = p_idempotency_key and job_id = p_job;
    end if;
    if v_run is null then
        raise exception 'This key was used for another schedule.' using errcode = '22023';
    end if;
    return jsonb_build_object('job_id', p_job, 'run_id', v_run);
end $$;

-- What the schedule had queued and nobody has begun is skipped with it.
create function public.pause(p_job uuid) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
    if not exists (select 1 from public.scheduled_jobs where id = p_job and app.may_write(brand_id)) then
        raise exception 'There is no such schedule, or you may not pause it.' using errcode = '42501';
    end if;
    update public.scheduled_jobs set status = 'paused', revision = revision + 1, updated_at = now()
    where id = p_job and status = 'active';
    if not found then
        return false;
    end if;
    update public.scheduled_job_runs set state = 'skipped', reason = 'paused', finished_at = now()
    where job_id = p_job and state = 'queued' and trigger = 'schedule' and lease_epoch = 0;
    return true;
end $$;

-- A recurring schedule goes on at a time that lies ahead, so resuming never replays.
create function public.resume(p_job uuid, p_next timestamptz, p_now timestamptz) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
    if not exists (select 1 from public.scheduled_jobs where id = p_job and app.may_write(brand_id)) then
        raise exception 'There is no such schedule, or you may not resume it.' using errcode = '42501';
    end if;
    perform app.require_clock(p_now);
    if p_next is null or exists (select 1 from public.scheduled_jobs
        where id = p_job and schedule_type = 'recurring' and p_next <= p_now) then
        raise exception 'The next time of a schedule must lie ahead.' using errcode = '22023';
    end if;
    update public.scheduled_jobs set status = 'active', next_run_at = p_next, status_reason = null,
        revision = revision + 1, updated_at = now()
    where id = p_job and status = 'paused';
    return found;
end $$;

create function public.stop(p_run uuid) returns text
language plpgsql security definer set search_path = '' as $$
declare
    v_run public.scheduled_job_runs;
begin
    select * into v_run from public.scheduled_job_runs where id = p_run for update;
    if not found or not app.may_write(v_run.brand_id) then
        raise exception 'There is no such run, or you may not stop it.' using errcode = '42501';
    end if;
    if v_run.state = 'queued' then
        update public.scheduled_job_runs set state = 'cancelled', finished_at = now() where id = p_run;
        return 'cancelled';
    elsif v_run.state = 'running' then
        update public.scheduled_job_runs set cancel_requested_at = coalesce(cancel_requested_at, now()) where id = p_run;
        return 'stopping';
    end if;
    return v_run.state;
end $$;

create function public.retry(p_run uuid, p_idempotency_key text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
    v_run public.scheduled_job_runs;
    v_job public.scheduled_jobs;
    v_new uuid;
begin
    select * into v_run from public.scheduled_job_runs where id = p_run;
    if not found or not app.may_write(v_run.brand_id) then
        raise exception 'There is no such run, or you may not retry it.' using errcode = '42501';
    end if;
    if v_run.state not in ('failed', 'timed_out', 'cancelled', 'skipped') then
        raise exception 'Only a run that ended without success can be tried again; this one is %.', v_run.state
            using errcode = '22023';
    end if;
    select * into v_job from public.scheduled_jobs where id = v_run.job_id;
    v_new := app.run_from_job(v_job, now(), now(), 'retry', p_idempotency_key, v_run.parameters);
    if v_new is null then
        select id into v_new from public.scheduled_job_runs
        where idempotency_key = p_idempotency_key and job_id = v_run.job_id;
        if not found then
            raise exception 'This key was used for another schedule.' using errcode = '22023';
        end if;
    else
        update public.scheduled_job_runs set retry_of = p_run, checkpoint = v_run.checkpoint where id = v_new;
    end if;
    return jsonb_build_object('job_id', v_run.job_id, 'run_id', v_new);
end $$;

do $$
declare
    f regprocedure;
begin
    for f in select p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where (n.nspname = 'public' and p.proname in ('due', 'advance', 'invalidate', 'claim', 'beat', 'checkpoint',
            'finish', 'release', 'reap', 'worker_stopped', 'save_schedule', 'run_now', 'pause', 'resume', 'stop', 'retry'))
          or (n.nspname = 'app' and p.proname in ('run_from_job', 'log_event', 'running_under', 'is_full',
            'require_clock', 'open_alert', 'alert_of_run', 'stopped_as', 'timeout_message'))
    loop
        execute format('revoke all on function %s from public, anon, authenticated', f);
        execute format('grant execute on function %s to service_role', f);
    end loop;
    -- Owners and editors call these themselves; the functions hold viewers and strangers off.
    for f in select p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname = 'public' and p.proname in ('save_schedule', 'run_now', 'pause', 'resume', 'stop', 'retry')
    loop
        execute format('grant execute on function %s to authenticated', f);
    end loop;
end $$;

-- Schedules with their newest run, for lists. Runs as its caller.
create function public.jobs_overview(p_brand uuid default null) returns jsonb
language sql stable set search_path = '' as $$
    select coalesce(jsonb_agg(to_jsonb(j) || jsonb_build_object('brand_name', b.name, 'last_run', to_jsonb(r))
        order by j.created_at desc, j.id), '[]')
    from public.scheduled_jobs j
    join public.brands b on b.id = j.brand_id
    left join lateral (
        select id, state, trigger, attempt, scheduled_for, started_at, finished_at, progress, error_class, error_message,
            reason
        from public.scheduled_job_runs where job_id = j.id order by created_at desc, id limit 1) r on true
    where p_brand is null or j.brand_id = p_brand
$$;
revoke all on function public.jobs_overview(uuid) from public, anon, authenticated;
grant execute on function public.jobs_overview(uuid) to authenticated, service_role;
