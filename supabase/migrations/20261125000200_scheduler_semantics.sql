-- What the queue was still missing: schedules held back by a refused token, an end to being asked to wait, word of a
-- schedule that has not succeeded for too long, chained jobs that are one job, and an end to old rows.

alter table public.scheduled_jobs
    add column held_for text check (held_for in ('needs_reauth')),
    add column overdue_at timestamptz,
    add column chained_from_job uuid references public.scheduled_jobs on delete set null;
comment on column public.scheduled_jobs.held_for is 'Its times are skipped until this is mended; a person may still run it.';
comment on column public.scheduled_jobs.overdue_at is 'With no success by then, two of its periods have passed without one.';
create index scheduled_jobs_by_parent on public.scheduled_jobs (chained_from_job) where chained_from_job is not null;
-- One that was archived stays so, and the next in the chain is a job of its own.
create unique index scheduled_jobs_chained on public.scheduled_jobs (chained_from_job, job_type)
    where chained_from_job is not null and status <> 'archived';
alter table public.scheduled_job_runs add column waiting_since timestamptz;
comment on column public.scheduled_job_runs.waiting_since is 'When a service first asked this run to wait, with no try spent.';

-- Any change by a person starts the count anew, and makes a chained job the person's own: the chain makes itself another.
create function app.changed_by_person() returns trigger
language plpgsql set search_path = '' as $$
begin
    if new.revision <> old.revision then
        new.overdue_at := null;
        new.chained_from_job := null;
    end if;
    return new;
end $$;
create trigger changed_by_person before update on public.scheduled_jobs
    for each row execute function app.changed_by_person();

create function app.close_alerts(p_causes text[], p_jobs uuid[]) returns void
language sql security definer set search_path = '' as $$
    update public.alerts set closed_at = now()
    where closed_at is null and cause_key in (select c || ':' || j from unnest(p_causes) c, unnest(p_jobs) j)
$$;

-- As before, but nothing can mend what is archived, so it says nothing.
create or replace function app.alert_of_run(p_run uuid) returns void
language sql security definer set search_path = '' as $$
    select app.open_alert(
        case when r.error_class = 'needs_reauth' then 'job-reauth:' else 'run-failed:' end || r.job_id, r.brand_id,
        j.name || ' failed: ' || coalesce(r.error_message, r.state))
    from public.scheduled_job_runs r join public.scheduled_jobs j on j.id = r.job_id
    where r.id = p_run and j.status <> 'archived'
$$;

-- A token that works again, by a new one or by itself, lets the brand's schedules go on, and their silence was no news.
create function app.release_held(p_brand uuid) returns void
language sql security definer set search_path = '' as $$
    update public.scheduled_jobs set held_for = null, overdue_at = null, updated_at = now()
    where brand_id = p_brand and held_for = 'needs_reauth';
    update public.alerts set closed_at = now()
    where closed_at is null and brand_id = p_brand and cause_key like 'job-reauth:%';
$$;
create function app.release_held_of_account() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    perform app.release_held(new.brand_id);
    return null;
end $$;
create trigger release_held after update of status on public.ad_accounts
    for each row when (old.status = 'needs_reauth' and new.status = 'active')
    execute function app.release_held_of_account();

-- Nor does a new token need the account to have been marked: a download may have met the refusal, or there was none.
create trigger release_held after insert or update of access_token on public.ad_account_secrets
    for each row execute function app.release_held_of_account();

-- The schedules that are due, and which of the asking worker's own runs somebody wants stopped.
drop function public.due(integer);
create function public.due(p_limit integer default 100, p_worker uuid default null) returns jsonb
language sql stable security definer set search_path = '' as $$
    select jsonb_build_object('now', now(), 'jobs', coalesce(jsonb_agg(to_jsonb(j) order by j.next_run_at, j.id), '[]'),
        'stop', (select coalesce(jsonb_agg(id), '[]') from public.scheduled_job_runs
            where state = 'running' and lease_worker = p_worker and cancel_requested_at is not null))
    from (select * from public.scheduled_jobs where status = 'active' and next_run_at <= now()
          order by next_run_at, id limit p_limit) j
$$;
create index scheduled_job_runs_by_worker on public.scheduled_job_runs (lease_worker) where state = 'running';

-- As before; besides, the times of a held schedule are skipped, and p_overdue_at is kept until the next success.
drop function public.advance(uuid, integer, timestamptz, timestamptz, jsonb);
create function public.advance(
    p_job uuid, p_revision integer, p_expected_next timestamptz, p_next timestamptz, p_occurrences jsonb,
    p_overdue_at timestamptz default null
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
        if v_reason is null and v_job.held_for is not null then
            v_reason := 'paused';
        end if;
        if v_reason is null then
            select count(*), count(*) filter (where state = 'queued') into v_active, v_queued
            from public.scheduled_job_runs where job_id = p_job and state in ('queued', 'running');
            if (v_job.overlap_policy = 'skip' and v_active > 0)
                or (v_job.overlap_policy = 'queue_one' and v_queued > 0) then
                v_reason := 'overlap';
            end if;
        end if;
        if v_reason is null then
            v_run := app.run_from_job(v_job, (v_occurrence ->> 'scheduled_for')::timestamptz,
                coalesce((v_occurrence ->> 'run_at')::timestamptz, now()), 'schedule', null);
            v_started := v_started + (v_run is not null)::integer;
            -- A time that is on record already makes no run, and so supersedes none, least of all its own.
            if v_job.overlap_policy = 'cancel_other' and v_run is not null then
                update public.scheduled_job_runs set state = 'skipped', reason = 'superseded', finished_at = now()
                where job_id = p_job and state = 'queued' and id <> v_run;
                update public.scheduled_job_runs set cancel_requested_at = coalesce(cancel_requested_at, now())
                where job_id = p_job and state = 'running';
            end if;
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
        overdue_at = case when not v_ended then coalesce(overdue_at, p_overdue_at) end,
        status = case when v_ended then 'completed' else status end, status_reason = null, updated_at = now()
    where id = p_job;
    return jsonb_build_object('advanced', true, 'started', v_started);
end $$;

-- Moves many schedules on, p_steps: [the arguments of `advance`]. {moved: [id], refused: {id: why}}; one that is refused
-- keeps its time and holds up no other. In the order of their ids, so that two workers never wait for each other.
create function public.advance_all(p_steps jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
    v_step jsonb;
    v_moved jsonb := '[]';
    v_refused jsonb := '{}';
begin
    for v_step in select value from jsonb_array_elements(p_steps) order by value ->> 'p_job' loop
        begin
            if (public.advance((v_step ->> 'p_job')::uuid, (v_step ->> 'p_revision')::integer,
                    (v_step ->> 'p_expected_next')::timestamptz, (v_step ->> 'p_next')::timestamptz,
                    v_step -> 'p_occurrences', (v_step ->> 'p_overdue_at')::timestamptz) ->> 'advanced')::boolean then
                v_moved := v_moved || (v_step -> 'p_job');
            end if;
        exception when others then
            v_refused := v_refused || jsonb_build_object(v_step ->> 'p_job', sqlerrm);
        end;
    end loop;
    return jsonb_build_object('moved', v_moved, 'refused', v_refused);
end $$;

-- How much room each limit has; one row per limit.
create function app.room() returns table (scope text, key text, room bigint)
language sql stable security definer set search_path = '' as $$
    with running as (
        select r.brand_id, r.job_type, b.organization_id, count(*) as n
        from public.scheduled_job_runs r join public.brands b on b.id = r.brand_id
        where r.state = 'running' group by 1, 2, 3)
    select l.scope, l.key, l."limit" - coalesce((select sum(n) from running r where case l.scope
        when 'global' then true
        when 'job_type' then r.job_type = l.key
        when 'brand' then r.brand_id::text = l.key
        when 'brand_job_type' then r.brand_id || ':' || r.job_type = l.key
        when 'organization' then r.organization_id::text = l.key end), 0)::bigint
    from public.concurrency_limits l
$$;

-- The queue by who waits for what, so that whoever is at a limit is passed in one step, however long his queue.
create index scheduled_job_runs_by_kind on public.scheduled_job_runs (brand_id, job_type, priority, run_at, id)
    where state = 'queued';

-- The limits that count a brand's runs of a type, as `claim` keys them.
create function app.limit_keys(p_organization uuid, p_brand uuid, p_job_type text) returns text[]
language sql immutable set search_path = '' as $$
    select array['global/*', 'job_type/' || p_job_type, 'brand/' || p_brand, 'brand_job_type/' || p_brand || ':' || p_job_type,
        'organization/' || p_organization]
$$;

-- The first p_each due runs of every brand and type that has any and stands under none of the full limits, in the
-- queue's order.
create function app.first_of_each(p_each integer, p_full text[]) returns setof public.scheduled_job_runs
language sql stable security definer set search_path = '' as $$
    with recursive kinds as (
        (select brand_id, job_type from public.scheduled_job_runs where state = 'queued'
         order by brand_id, job_type limit 1)
        union all
        select following.brand_id, following.job_type from kinds cross join lateral (
            select r.brand_id, r.job_type from public.scheduled_job_runs r
            where r.state = 'queued' and (r.brand_id, r.job_type) > (kinds.brand_id, kinds.job_type)
            order by r.brand_id, r.job_type limit 1) following
        where not 'global/*' = any (p_full))
    select r.* from kinds k join public.brands b on b.id = k.brand_id
    cross join lateral (
        select * from public.scheduled_job_runs q
        where q.state = 'queued' and q.run_at <= now() and q.brand_id = k.brand_id and q.job_type = k.job_type
        order by q.priority, q.run_at, q.id limit p_each) r
    where not app.limit_keys(b.organization_id, b.id, k.job_type) && p_full
    order by r.priority, r.run_at, r.id
$$;

-- Hands up to p_limit queued runs to a worker. The same claim id gives the same runs again, each with a whole lease: the
-- first answer may have been lost long ago.
-- Room is counted once, and what this call takes is taken off. It looks at the front of the queue first; only where
-- limits let too few of that pass does it look at the first runs of every brand and type, so that neither a busy brand
-- nor the length of its queue holds up another.
create or replace function public.claim(p_claim_id uuid, p_worker uuid, p_limit integer, p_lease_s integer) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
    v_run public.scheduled_job_runs;
    v_taken integer := 0;
    v_seen integer;
    v_front constant integer := 10 * p_limit;
    v_room jsonb;
    v_full text[];
    v_keys text[];
    v_key text;
    v_queue refcursor;
begin
    -- Limits count rows of other transactions, so claims take turns; one turn is a millisecond.
    perform pg_advisory_xact_lock(hashtext('scheduler.claim'));
    update public.scheduled_job_runs set lease_until = now() + make_interval(secs => p_lease_s)
    where claim_id = p_claim_id and state = 'running';
    get diagnostics v_taken = row_count;
    if v_taken = 0 then
        select coalesce(jsonb_object_agg(scope || '/' || key, room), '{}'),
            coalesce(array_agg(scope || '/' || key) filter (where room <= 0), '{}')
        into v_room, v_full from app.room();
        for v_look in 1..2 loop
            if v_look = 1 then
                open v_queue for select * from public.scheduled_job_runs
                    where state = 'queued' and run_at <= now() order by priority, run_at, id limit v_front;
            else
                open v_queue for select * from app.first_of_each(p_limit, v_full);
            end if;
            v_seen := 0;
            loop
                fetch v_queue into v_run;
                exit when not found or v_taken >= p_limit;
                v_seen := v_seen + 1;
                if v_room <> '{}' then
                    select app.limit_keys(organization_id, id, v_run.job_type) into v_keys
                    from public.brands where id = v_run.brand_id;
                    continue when v_keys && v_full;
                end if;
                -- One that somebody stops at this moment is passed.
                perform from public.scheduled_job_runs where id = v_run.id and state = 'queued' for update skip locked;
                continue when not found;
                update public.scheduled_job_runs set
                    state = 'running', claim_id = p_claim_id, lease_worker = p_worker, lease_epoch = lease_epoch + 1,
                    attempt = attempt + 1, lease_until = now() + make_interval(secs => p_lease_s),
                    deadline_at = now() + make_interval(secs => timeout_s), started_at = coalesce(started_at, now()),
                    cancel_requested_at = null, error_class = null, error_message = null
                where id = v_run.id;
                v_taken := v_taken + 1;
                if v_room <> '{}' then
                    foreach v_key in array v_keys loop
                        if v_room ? v_key then
                            v_room := jsonb_set(v_room, array[v_key], to_jsonb((v_room ->> v_key)::bigint - 1));
                            if (v_room ->> v_key)::bigint <= 0 then
                                v_full := v_full || v_key;
                            end if;
                        end if;
                    end loop;
                end if;
            end loop;
            close v_queue;
            exit when v_taken >= p_limit or v_seen < v_front;
        end loop;
    end if;
    return (select coalesce(jsonb_agg(to_jsonb(r) || jsonb_build_object('organization_id', b.organization_id)
            order by r.priority, r.run_at, r.id), '[]')
        from public.scheduled_job_runs r join public.brands b on b.id = r.brand_id
        where r.claim_id = p_claim_id and r.state = 'running');
end $$;
drop function app.is_full(uuid, text);
drop function app.running_under(text, text);

-- As before; besides, waiting for a service ends after a day, a refused token holds the schedule back, a success
-- releases it, and a chained job is one job, whose history shows how often it was wanted.
create or replace function public.finish(
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
    v_message text := p_error_message;
    v_waiting timestamptz;
begin
    -- The schedule first and then its run, as everybody locks them.
    perform from public.scheduled_jobs where id = (select job_id from public.scheduled_job_runs where id = p_run)
    for no key update;
    select * into v_run from public.scheduled_job_runs where id = p_run for update;
    if not found then
        return jsonb_build_object('accepted', false, 'state', null);
    end if;
    if p_state in ('queued', 'cancelled') then
        -- Who was asked to stop is not tried again, and whoever missed the deadline says so.
        v_state := coalesce(app.stopped_as(v_run), p_state);
    end if;
    if v_state = 'queued' and p_refund then
        v_waiting := coalesce(v_run.waiting_since, now());
        if now() + make_interval(secs => coalesce(p_retry_in_s, 0)) > v_waiting + interval '24 hours' then
            v_state := 'failed';
            v_message := 'Asked to wait for more than a day: ' || coalesce(p_error_message, 'no reason was given');
        end if;
    elsif v_state = 'queued' and v_run.attempt >= v_run.max_attempts then
        v_state := 'failed';
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
            waiting_since = v_waiting, error_class = p_error_class, error_message = v_message
        where id = p_run;
        return jsonb_build_object('accepted', true, 'state', 'queued');
    end if;
    update public.scheduled_job_runs set
        state = v_state, result = p_result, finished_at = now(), lease_until = null,
        error_class = case v_state when 'timed_out' then 'timeout' when 'cancelled' then null else p_error_class end,
        error_message = case v_state when 'timed_out' then app.timeout_message(timeout_s)
            when 'cancelled' then 'Stopped by a person.' else v_message end
    where id = p_run;
    if v_state = 'succeeded' then
        for v_link in select value from jsonb_array_elements(p_chain)
            where exists (select 1 from public.scheduled_jobs where id = v_run.job_id and status <> 'archived')
        loop
            insert into public.scheduled_jobs as j (brand_id, job_type, name, parameters, schedule_type, status,
                runs_started, chained_from_job)
            values (v_run.brand_id, v_link ->> 'job_type', v_link ->> 'name', coalesce(v_link -> 'parameters', '{}'),
                'one_time', 'completed', 1, v_run.job_id)
            on conflict (chained_from_job, job_type) where chained_from_job is not null and status <> 'archived'
            do update set
                name = excluded.name, parameters = excluded.parameters, runs_started = j.runs_started + 1,
                updated_at = now()
            returning * into v_job;
            v_chained := app.run_from_job(v_job, now(), now(), 'chain', p_run || ':chain:' || v_index);
            update public.scheduled_job_runs set chained_from = p_run where id = v_chained;
            v_index := v_index + 1;
        end loop;
        update public.scheduled_jobs set overdue_at = null, held_for = null
        where id = v_run.job_id and (overdue_at is not null or held_for is not null);
        perform app.close_alerts(array['run-failed', 'job-reauth', 'job-silent'], array[v_run.job_id]);
    elsif v_state in ('failed', 'timed_out') then
        if p_error_class = 'needs_reauth' then
            -- A token that came meanwhile has not been tried yet.
            update public.scheduled_jobs set held_for = 'needs_reauth', updated_at = now()
            where id = v_run.job_id and schedule_type = 'recurring' and not exists (
                select 1 from public.ad_account_secrets s
                where s.brand_id = v_run.brand_id and s.updated_at > v_run.started_at);
        end if;
        perform app.alert_of_run(p_run);
    end if;
    return jsonb_build_object('accepted', true, 'state', v_state);
end $$;

-- Whoever takes a run back asks for it to run again at once. It keeps its place in the queue: behind all that has come
-- since, a run whose worker died would wait for as long as its brand's queue is.
create function app.keep_place() returns trigger
language plpgsql set search_path = '' as $$
begin
    if new.run_at <= now() then
        new.run_at := least(old.run_at, new.run_at);
    end if;
    return new;
end $$;
create trigger keep_place before update of state on public.scheduled_job_runs
    for each row when (old.state = 'running' and new.state = 'queued') execute function app.keep_place();

-- As before; besides, says which schedules have not succeeded for two of their periods.
create function app.alert_overdue() returns uuid[]
language plpgsql security definer set search_path = '' as $$
declare
    v_jobs uuid[];
begin
    with late as (
        update public.scheduled_jobs set overdue_at = null
        where status = 'active' and overdue_at < now() and held_for is null returning id, brand_id, name)
    select array_agg(id) into v_jobs from late;
    perform app.open_alert('job-silent:' || j.id, j.brand_id, j.name || ' has not succeeded '
        || coalesce('since ' || to_char((select max(r.finished_at) from public.scheduled_job_runs r
            where r.job_id = j.id and r.state = 'succeeded') at time zone j.timezone, 'YYYY-MM-DD HH24:MI')
            || ' (' || j.timezone || ')', 'even once')
        || ', which is more than two of its periods.')
    from public.scheduled_jobs j where j.id = any (v_jobs);
    return v_jobs;
end $$;
create index scheduled_jobs_overdue on public.scheduled_jobs (overdue_at) where overdue_at is not null;

alter function public.reap() rename to take_back;
alter function public.take_back() set schema app;
create function public.reap() returns jsonb
language sql security definer set search_path = '' as $$
    select app.take_back() || jsonb_build_object('overdue', coalesce(to_jsonb(app.alert_overdue()), '[]'))
$$;

-- Deletes what is past its time, in portions of p_limit rows: runs that succeeded after 90 days, those that did not
-- after 180, skips and events after 30, but always the last 20 runs of a schedule; one-time jobs that went with their
-- last run; closed alerts after 180 days and workers not seen for 7.
create function public.prune(p_limit integer default 5000) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '60s' as $$
declare
    v_events bigint;
    v_runs bigint;
    v_jobs uuid[];
    v_alerts bigint;
    v_workers bigint;
begin
    delete from public.job_run_events where id in (
        select id from public.job_run_events where at < now() - interval '30 days' order by id limit p_limit);
    get diagnostics v_events = row_count;
    with gone as (delete from public.scheduled_jobs j where j.id in (
        select o.id from public.scheduled_jobs o
        where o.schedule_type = 'one_time' and o.status in ('completed', 'archived')
          and o.updated_at < now() - interval '90 days'
          and not exists (select 1 from public.scheduled_job_runs r where r.job_id = o.id
            and (r.finished_at is null or r.finished_at > now() - case when r.state in ('failed', 'timed_out')
                then interval '180 days' else interval '90 days' end))
        limit p_limit) returning id)
    select array_agg(id) into v_jobs from gone;
    -- What an alert is about is gone, so nothing could close it any more.
    perform app.close_alerts(array['run-failed', 'job-reauth', 'job-silent', 'job-invalid'], v_jobs);
    delete from public.scheduled_job_runs r where r.id in (
        select o.id from public.scheduled_job_runs o
        where o.finished_at < now() - case o.state when 'skipped' then interval '30 days'
            when 'succeeded' then interval '90 days' else interval '180 days' end
          and o.created_at < (select newer.created_at from public.scheduled_job_runs newer where newer.job_id = o.job_id
            order by newer.created_at desc offset 19 limit 1)
        limit p_limit);
    get diagnostics v_runs = row_count;
    delete from public.alerts where closed_at < now() - interval '180 days';
    get diagnostics v_alerts = row_count;
    delete from public.scheduler_workers where last_seen_at < now() - interval '7 days';
    get diagnostics v_workers = row_count;
    return jsonb_build_object('events', v_events, 'runs', v_runs, 'jobs', coalesce(cardinality(v_jobs), 0), 'alerts', v_alerts,
        'workers', v_workers);
end $$;
create index job_run_events_by_age on public.job_run_events (at);
create index scheduled_job_runs_by_end on public.scheduled_job_runs (finished_at) where finished_at is not null;

-- What people do with many at once. Each leaves alone what the caller may not write.

create function public.pause_jobs(p_jobs uuid[]) returns integer
language plpgsql security definer set search_path = '' as $$
declare
    v_paused uuid[];
begin
    with done as (
        update public.scheduled_jobs set status = 'paused', revision = revision + 1, updated_at = now()
        where id = any (p_jobs) and status = 'active' and app.may_write(brand_id) returning id)
    select array_agg(id) into v_paused from done;
    update public.scheduled_job_runs set state = 'skipped', reason = 'paused', finished_at = now()
    where job_id = any (v_paused) and state = 'queued' and trigger = 'schedule' and lease_epoch = 0;
    return coalesce(cardinality(v_paused), 0);
end $$;

-- p_jobs: [{id, next}], the next times as computed at p_now; what lies behind is not replayed.
create function public.resume_jobs(p_jobs jsonb, p_now timestamptz) returns integer
language plpgsql security definer set search_path = '' as $$
declare
    v_count integer;
begin
    perform app.require_clock(p_now);
    update public.scheduled_jobs j set status = 'active', next_run_at = w.next, status_reason = null,
        revision = revision + 1, updated_at = now()
    from jsonb_to_recordset(p_jobs) as w(id uuid, next timestamptz)
    where j.id = w.id and j.status = 'paused' and w.next > p_now and app.may_write(j.brand_id);
    get diagnostics v_count = row_count;
    return v_count;
end $$;

-- Takes schedules out of service for good: nothing of them runs any more, their history stays.
create function public.archive_jobs(p_jobs uuid[]) returns integer
language plpgsql security definer set search_path = '' as $$
declare
    v_archived uuid[];
begin
    with done as (
        update public.scheduled_jobs set status = 'archived', next_run_at = null, revision = revision + 1,
            updated_at = now()
        where id = any (p_jobs) and status <> 'archived' and app.may_write(brand_id) returning id)
    select array_agg(id) into v_archived from done;
    update public.scheduled_job_runs set state = 'cancelled', finished_at = now()
    where job_id = any (v_archived) and state = 'queued';
    update public.scheduled_job_runs set cancel_requested_at = coalesce(cancel_requested_at, now())
    where job_id = any (v_archived) and state = 'running';
    perform app.close_alerts(array['run-failed', 'job-reauth', 'job-silent', 'job-invalid'], v_archived);
    return coalesce(cardinality(v_archived), 0);
end $$;

-- As before, but of a schedule that is out of service nothing is tried again.
create or replace function public.retry(p_run uuid, p_idempotency_key text) returns jsonb
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
    if v_job.status in ('archived', 'invalid') then
        raise exception 'This schedule is % and cannot run.', v_job.status using errcode = '22023';
    end if;
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

-- Another try for the newest run of each schedule where that did not succeed. The key of a new run names the one that
-- failed, so that many clicks make one.
create function public.retry_jobs(p_jobs uuid[]) returns integer
language plpgsql security definer set search_path = '' as $$
declare
    v_run record;
    v_new uuid;
    v_count integer := 0;
begin
    for v_run in
        select r.id, r.parameters, r.checkpoint, j as job from public.scheduled_jobs j
        cross join lateral (select * from public.scheduled_job_runs where job_id = j.id and state <> 'skipped'
            order by created_at desc, scheduled_for desc, id desc limit 1) r
        where j.id = any (p_jobs) and r.state in ('failed', 'timed_out') and app.may_write(j.brand_id)
          and j.status not in ('archived', 'invalid')
    loop
        v_new := app.run_from_job(v_run.job, now(), now(), 'retry', 'retry:' || v_run.id, v_run.parameters);
        if v_new is not null then
            update public.scheduled_job_runs set retry_of = v_run.id, checkpoint = v_run.checkpoint where id = v_new;
            v_count := v_count + 1;
        end if;
    end loop;
    return v_count;
end $$;

-- A limit on how many runs work at once; NULL takes it away, 0 pauses. An organisation's own limits are for its owners
-- and editors, those over all organisations for the worker's key alone.
create function public.set_limit(p_scope text, p_key text, p_limit integer) returns void
language plpgsql security definer set search_path = '' as $$
declare
    v_brand uuid;
    v_allowed boolean;
begin
    v_allowed := case
        when app.is_service() then true
        when p_scope = 'organization' then exists (select 1 from public.brands b
            where b.organization_id::text = p_key and app.may_write(b.id))
        when p_scope in ('brand', 'brand_job_type') then exists (select 1 from public.brands b
            where b.id::text = split_part(p_key, ':', 1) and app.may_write(b.id))
        else false end;
    if not coalesce(v_allowed, false) then
        raise exception 'You may not change this limit.' using errcode = '42501';
    end if;
    if p_key is null or (p_scope = 'global' and p_key <> '*')
        or (p_scope = 'brand_job_type' and p_key !~ '^[0-9a-f-]{36}:[a-z][a-z0-9_]{1,60}$') then
        raise exception 'A limit needs its key; that of all runs is *, that of a brand and a type brand:type.'
            using errcode = '22023';
    end if;
    if p_limit is null then
        delete from public.concurrency_limits where scope = p_scope and key = p_key;
    else
        insert into public.concurrency_limits (scope, key, "limit") values (p_scope, p_key, p_limit)
        on conflict (scope, key) do update set "limit" = excluded."limit";
    end if;
end $$;

-- Why a queued run does not run yet: {why: gone | started | over | later | held back by a limit | no worker | busy |
-- soon} with what belongs to it. Limits count the runs of everybody, so this reads past the caller's policies, and says
-- nothing of a run that the caller may not see.
create function public.why_waiting(p_run uuid) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
    v_run public.scheduled_job_runs;
    v_organization uuid;
    v_limit record;
    v_slots bigint;
    v_busy bigint;
    v_ahead bigint;
begin
    select * into v_run from public.scheduled_job_runs r
    where r.id = p_run and (r.brand_id in (select app.my_brands()) or app.is_service());
    if not found then
        return jsonb_build_object('why', 'gone');
    elsif v_run.state = 'running' then
        return jsonb_build_object('why', 'started');
    elsif v_run.state <> 'queued' then
        return jsonb_build_object('why', 'over');
    elsif v_run.run_at > now() then
        return jsonb_build_object('why', 'later', 'until', v_run.run_at, 'error_class', v_run.error_class,
            'error_message', v_run.error_message);
    end if;
    select sum(slots) into v_slots from public.scheduler_workers
    where stopped_at is null and last_seen_at > now() - interval '75 seconds';
    if v_slots is null then
        return jsonb_build_object('why', 'no_worker');
    end if;
    select organization_id into v_organization from public.brands where id = v_run.brand_id;
    select l.scope, l.key, c."limit" into v_limit from app.room() l
    join public.concurrency_limits c on c.scope = l.scope and c.key = l.key
    where l.room <= 0 and case l.scope when 'global' then true when 'job_type' then l.key = v_run.job_type
        when 'brand' then l.key = v_run.brand_id::text
        when 'brand_job_type' then l.key = v_run.brand_id || ':' || v_run.job_type
        when 'organization' then l.key = v_organization::text end
    order by c."limit" limit 1;
    if found then
        return jsonb_build_object('why', 'limit', 'scope', v_limit.scope, 'limit', v_limit."limit");
    end if;
    select count(*) into v_busy from public.scheduled_job_runs where state = 'running';
    select count(*) into v_ahead from public.scheduled_job_runs
    where state = 'queued' and run_at <= now()
      and (priority, run_at, id) < (v_run.priority, v_run.run_at, v_run.id);
    if v_busy >= v_slots then
        return jsonb_build_object('why', 'busy', 'slots', v_slots, 'ahead', v_ahead);
    end if;
    return jsonb_build_object('why', 'soon', 'ahead', v_ahead);
end $$;

-- The workers that were heard today, the newest first, each with what it does now; and the limits that hold.
create function public.fleet() returns jsonb
language sql stable security definer set search_path = '' as $$
    select case when exists (select app.my_organizations()) or app.is_service() then
        jsonb_build_object(
        'now', now(),
        'workers', (select coalesce(jsonb_agg(to_jsonb(w) || jsonb_build_object('running', (select count(*)
                from public.scheduled_job_runs r where r.state = 'running' and r.lease_worker = w.id))
                order by w.started_at desc), '[]')
            from public.scheduler_workers w where w.last_seen_at > now() - interval '1 day'),
        'queued', (select count(*) from public.scheduled_job_runs where state = 'queued' and run_at <= now()),
        'limits', (select coalesce(jsonb_agg(to_jsonb(l) || jsonb_build_object('running', l."limit" - o.room)
                order by l.scope, l.key), '[]')
            from public.concurrency_limits l join app.room() o on o.scope = l.scope and o.key = l.key
            where app.is_service() or case l.scope
                when 'organization' then l.key in (select app.my_organizations()::text)
                when 'brand' then l.key in (select app.my_brands()::text)
                when 'brand_job_type' then split_part(l.key, ':', 1) in (select app.my_brands()::text)
                else true end)) end
$$;

do $$
declare
    f regprocedure;
begin
    for f in select p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where (n.nspname = 'public' and p.proname in ('due', 'advance', 'advance_all', 'claim', 'finish', 'reap', 'prune', 'pause_jobs',
                'resume_jobs', 'archive_jobs', 'retry_jobs', 'set_limit', 'why_waiting', 'fleet'))
          or (n.nspname = 'app' and p.proname in ('room', 'first_of_each', 'limit_keys', 'close_alerts', 'release_held', 'alert_overdue', 'take_back'))
    loop
        execute format('revoke all on function %s from public, anon, authenticated', f);
        execute format('grant execute on function %s to service_role', f);
    end loop;
    revoke all on function app.changed_by_person(), app.release_held_of_account(), app.keep_place() from public, anon, authenticated, service_role;
    for f in select p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname = 'public' and p.proname in ('pause_jobs', 'resume_jobs', 'archive_jobs', 'retry_jobs', 'set_limit',
            'why_waiting', 'fleet')
    loop
        execute format('grant execute on function %s to authenticated', f);
    end loop;
end $$;

-- `job_list` counts what this did.
drop function public.job_statistics();

-- Schedules for a list, one page of them, with what the filters may be set to. Runs as its caller.
-- p_filter: {brand?, job_type?, status?, result?, search?}; status `current` is what works or needs somebody: schedules
-- in service, one-time jobs that wait or work, and those that failed in the last 7 days.
create function public.job_list(p_filter jsonb, p_limit integer default 25, p_offset integer default 0) returns jsonb
language sql stable set search_path = '' as $$
    with every as (
        select j.id, j.brand_id, b.name as brand_name, j.job_type, j.name, j.schedule_type, j.cron_expression,
            j.timezone, j.next_run_at, j.start_at, j.end_at, j.status, j.status_reason, j.held_for, j.revision,
            j.created_at, r.last_run, r.state,
            case when j.held_for is not null and j.status = 'active' then 'held' else j.status end as shown,
            j.status in ('active', 'paused', 'invalid') or r.state in ('queued', 'running')
                or (r.state in ('failed', 'timed_out') and r.finished_at > now() - interval '7 days') as current
        from public.scheduled_jobs j
        join public.brands b on b.id = j.brand_id
        left join lateral (
            select n.state, n.finished_at, jsonb_build_object('id', n.id, 'state', n.state, 'trigger', n.trigger,
                'attempt', n.attempt, 'scheduled_for', n.scheduled_for, 'run_at', n.run_at, 'started_at', n.started_at,
                'finished_at', n.finished_at, 'progress', n.progress, 'error_class', n.error_class,
                'error_message', n.error_message, 'reason', n.reason) as last_run
            from public.scheduled_job_runs n where n.job_id = j.id
            order by n.created_at desc, n.scheduled_for desc, n.id desc limit 1) r on true
    ), found as (
        select * from every
        where (p_filter ->> 'brand' is null or brand_id::text = p_filter ->> 'brand')
          and (p_filter ->> 'job_type' is null or job_type = p_filter ->> 'job_type')
          and (p_filter ->> 'status' is null or shown = p_filter ->> 'status'
            or (p_filter ->> 'status' = 'current' and current))
          and (p_filter ->> 'result' is null or coalesce(state, 'never') = p_filter ->> 'result')
          and (p_filter ->> 'search' is null or position(lower(p_filter ->> 'search') in lower(name)) > 0)
    ), page as (
        select * from found
        order by case when status = 'invalid' or held_for is not null then 0 when state in ('running', 'queued') then 1
            when state in ('failed', 'timed_out') then 2 when status = 'active' then 3 when status = 'paused' then 4
            else 5 end,
            next_run_at, created_at desc, id
        limit p_limit offset p_offset
    )
    select jsonb_build_object(
        'total', (select count(*) from found),
        'every', (select count(*) from every),
        'brands', (select coalesce(jsonb_object_agg(brand_id, brand_name), '{}') from every),
        'types', (select coalesce(jsonb_agg(distinct job_type), '[]') from every),
        'statuses', (select coalesce(jsonb_object_agg(shown, n), '{}')
            from (select shown, count(*) as n from every group by 1) s),
        'results', (select coalesce(jsonb_object_agg(state, n), '{}')
            from (select coalesce(state, 'never') as state, count(*) as n from every group by 1) s),
        'jobs', (select coalesce(jsonb_agg(to_jsonb(p) - 'state' - 'current' - 'shown' || jsonb_build_object(
                'runs', (select count(*) from public.scheduled_job_runs where job_id = p.id and state <> 'skipped'),
                'recent', (select coalesce(jsonb_agg(t.state), '[]') from (
                    select state from public.scheduled_job_runs where job_id = p.id and state <> 'skipped'
                    order by created_at desc, scheduled_for desc, id desc limit 20) t))), '[]') from page p))
$$;
revoke all on function public.job_list(jsonb, integer, integer) from public, anon, authenticated;
grant execute on function public.job_list(jsonb, integer, integer) to authenticated, service_role;
