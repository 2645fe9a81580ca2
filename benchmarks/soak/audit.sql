-- Every change of a run's state and of a schedule's next time, written down by the database in the same transaction.
create schema soak;

create table soak.transitions (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    run_id uuid not null,
    brand_id uuid not null,
    job_type text not null,
    state_before text,
    state text not null,
    epoch integer not null,
    worker uuid,
    run_at timestamptz not null
);
create function soak.note_run() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    insert into soak.transitions (run_id, brand_id, job_type, state_before, state, epoch, worker, run_at)
    values (new.id, new.brand_id, new.job_type, case tg_op when 'UPDATE' then old.state end, new.state,
        new.lease_epoch, new.lease_worker, new.run_at);
    return null;
end $$;
create trigger soak_note_run after insert or update of state, lease_epoch on public.scheduled_job_runs
    for each row execute function soak.note_run();

create table soak.steps (
    id bigint generated always as identity primary key,
    job_id uuid not null,
    step_from timestamptz,
    step_to timestamptz,
    by_harness boolean not null default coalesce(current_setting('soak.harness', true), '') <> ''
);
create function soak.note_job() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    insert into soak.steps (job_id, step_from, step_to) values (new.id, old.next_run_at, new.next_run_at);
    return null;
end $$;
create trigger soak_note_job after update of next_run_at on public.scheduled_jobs
    for each row when (old.schedule_type = 'recurring' and old.next_run_at is distinct from new.next_run_at)
    execute function soak.note_job();
