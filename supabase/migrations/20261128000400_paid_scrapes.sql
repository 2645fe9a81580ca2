-- What is kept of a paid run at another service, so that it is started once and never lost sight of: that it is about to
-- be asked for, before it is; what it is told apart by there; and that another try goes on with it.

alter table public.template_scrapes
    add column external_actor text,
    add column external_mark uuid,
    add column external_first_asked_at timestamptz,
    add column external_asked_at timestamptz,
    add column external_over boolean not null default false;
create index template_scrapes_paid on public.template_scrapes (external_run_id) where external_run_id is not null;
comment on column public.template_scrapes.external_actor is 'Which of the service''s programs was asked to run.';
comment on column public.template_scrapes.external_mark is 'What the run says of itself at the service: the id of the scrape that first asked for it.';
comment on column public.template_scrapes.external_asked_at is 'When its start was last about to be sent; from then on it may run, whether or not its id came back.';
comment on column public.template_scrapes.external_over is 'Nothing more can be taken from the run, so another try asks, and pays, for a new one.';

-- As before; besides, a run that tries another one again goes on with what that one has paid for, or may have.
create or replace function public.begin_template_scrape(
    p_brand uuid, p_scrape uuid, p_source text, p_search text, p_now timestamptz
) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
    v public.template_scrapes;
    v_before public.template_scrapes;
begin
    insert into public.template_scrapes as t (id, organization_id, brand_id, source, search_url, started_at)
    select p_scrape, b.organization_id, b.id, p_source, p_search, p_now from public.brands b where b.id = p_brand
    on conflict (id) do update set status = 'running', reason = null, finished_at = null
    returning * into v;
    if v.id is null then
        raise exception 'There is no such brand.' using errcode = '22023';
    end if;
    if v.source = 'apify' and v.external_asked_at is null then
        -- The newest try before it that came so far as to be a scrape: one that was stopped at once was none.
        with recursive tried as (
            select r.retry_of as id, 1 as n from public.scheduled_job_runs r where r.id = p_scrape
            union all
            select r.retry_of, t.n + 1 from tried t join public.scheduled_job_runs r on r.id = t.id
            where t.n < 50 and not exists (select from public.template_scrapes s where s.id = t.id)
        )
        select s.* into v_before from tried t join public.template_scrapes s on s.id = t.id
        where s.brand_id = p_brand and s.source = v.source and s.search_url is not distinct from v.search_url
          and s.external_asked_at is not null and not s.external_over and s.status <> 'completed';
        if found then
            update public.template_scrapes
            set external_run_id = v_before.external_run_id, external_actor = v_before.external_actor,
                external_mark = v_before.external_mark, external_first_asked_at = v_before.external_first_asked_at,
                external_asked_at = v_before.external_asked_at
            where id = v.id returning * into v;
            update public.template_scrapes
            set status = 'failed', reason = 'Another try goes on with it.', finished_at = coalesce(finished_at, p_now)
            where id = v_before.id and status = 'running';
        end if;
    end if;
    return to_jsonb(v);
end $$;

-- The start of a paid run is about to be asked for: the scrape's row, or null when it has a run already.
create function public.ask_external_scrape(p_scrape uuid, p_actor text, p_now timestamptz) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
    v public.template_scrapes;
begin
    update public.template_scrapes
    set external_actor = p_actor, external_mark = coalesce(external_mark, id), external_asked_at = p_now,
        external_first_asked_at = coalesce(external_first_asked_at, p_now)
    where id = p_scrape and external_run_id is null
    returning * into v;
    return case when v.id is not null then to_jsonb(v) end;
end $$;

-- The service has refused the start that was asked for at this time: there is no run to look for.
create function public.unask_external_scrape(p_scrape uuid, p_asked timestamptz) returns void
language sql security definer set search_path = '' as $$
    update public.template_scrapes set external_asked_at = null, external_first_asked_at = null
    where id = p_scrape and external_run_id is null and external_asked_at = p_asked
$$;

-- Nothing more can be taken from a scrape's paid run.
create function public.end_external_scrape(p_scrape uuid) returns void
language sql security definer set search_path = '' as $$
    update public.template_scrapes set external_over = true where id = p_scrape
$$;

-- Which of these runs at the service are a scrape's already, whoever's it is.
create function public.known_external_scrapes(p_runs text[]) returns jsonb
language sql stable set search_path = '' as $$
    select coalesce(jsonb_agg(distinct external_run_id), '[]') from public.template_scrapes
    where external_run_id = any(p_runs)
$$;

-- Paid runs that nobody waits for any more, since their scrape was stopped while it waited: [{id, external_run_id}].
create function public.forsaken_external_scrapes(p_limit integer) returns jsonb
language sql stable set search_path = '' as $$
    select coalesce(jsonb_agg(jsonb_build_object('id', f.id, 'external_run_id', f.external_run_id)), '[]')
    from (select t.id, t.external_run_id
        from public.template_scrapes t join public.scheduled_job_runs r on r.id = t.id
        where t.external_run_id is not null and t.status = 'running' and not t.external_over
          and r.state in ('cancelled', 'timed_out')
          and not exists (select from public.template_scrapes o
            where o.external_run_id = t.external_run_id and o.id <> t.id and o.status = 'running')
        order by t.started_at limit p_limit) f
$$;

do $$
declare
    f regprocedure;
begin
    foreach f in array array[
        'public.begin_template_scrape(uuid, uuid, text, text, timestamptz)',
        'public.ask_external_scrape(uuid, text, timestamptz)',
        'public.unask_external_scrape(uuid, timestamptz)', 'public.end_external_scrape(uuid)',
        'public.known_external_scrapes(text[])', 'public.forsaken_external_scrapes(integer)']::regprocedure[]
    loop
        execute format('revoke all on function %s from public, anon, authenticated', f);
        execute format('grant execute on function %s to service_role', f);
    end loop;
end $$;
