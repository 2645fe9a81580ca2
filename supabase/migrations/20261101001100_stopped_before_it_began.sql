-- A run that a person stops while it waits says so, as one does that was at work.

create or replace function public.stop(p_run uuid) returns text
language plpgsql security definer set search_path = '' as $$
declare
    v_run public.scheduled_job_runs;
begin
    select * into v_run from public.scheduled_job_runs where id = p_run for update;
    if not found or not app.may_write(v_run.brand_id) then
        raise exception 'There is no such run, or you may not stop it.' using errcode = '42501';
    end if;
    if v_run.state = 'queued' then
        -- What an earlier try said stays among its events.
        update public.scheduled_job_runs set state = 'cancelled', finished_at = now(), error_class = null,
            error_message = 'Stopped by a person.'
        where id = p_run;
        return 'cancelled';
    elsif v_run.state = 'running' then
        update public.scheduled_job_runs set cancel_requested_at = coalesce(cancel_requested_at, now()) where id = p_run;
        return 'stopping';
    end if;
    return v_run.state;
end $$;
