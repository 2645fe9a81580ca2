-- Where the ads of a run were sent: each delivery once, with its intent recorded before anything leaves.

create table public.creation_deliveries (
    brand_id uuid not null references public.brands on delete cascade,
    id uuid not null unique default gen_random_uuid(),
    run_id uuid not null,
    order_id uuid not null,
    kind text not null check (kind in ('slack', 'email')),
    state text not null default 'waiting' check (state in ('waiting', 'sending', 'sent', 'failed', 'uncertain')),
    job_run_id uuid not null,
    tries integer not null default 1 check (tries between 1 and 1000),
    sent_to text[] not null default '{}' check (cardinality(sent_to) <= 10),
    ads integer check (ads between 1 and 15),
    file_name text check (length(file_name) <= 200),
    storage_key text check (length(storage_key) <= 200),
    bytes bigint check (bytes > 0),
    reason text check (length(reason) <= 1000),
    asked_at timestamptz not null default now(),
    begun_at timestamptz,
    ended_at timestamptz,
    primary key (brand_id, id),
    unique (brand_id, order_id, kind),
    foreign key (brand_id, run_id) references public.creation_runs (brand_id, id) on delete cascade
);
create index creation_deliveries_by_run on public.creation_deliveries (brand_id, run_id, asked_at desc);
comment on column public.creation_deliveries.order_id is 'Who asks once has it once: an order that is gone on with, or tried again, sends nothing that was sent.';
comment on column public.creation_deliveries.job_run_id is 'The run of a job that works on it; without a foreign key, since runs are removed after some months.';
comment on column public.creation_deliveries.begun_at is 'When the step began that cannot be taken back.';
comment on column public.creation_deliveries.reason is 'Why it failed or waits; of one that was sent, whom it did not reach.';
alter table public.creation_deliveries enable row level security;
revoke all on public.creation_deliveries from anon, authenticated;
grant select on public.creation_deliveries to authenticated;
create policy members_read on public.creation_deliveries for select to authenticated
    using (brand_id in (select app.my_brands()));

-- A delivery {run_id, order_id, kind, job_run_id, sent_to}, new or gone on with: the row {id, state, tries, …}. Only one
-- that is waiting may be sent, by who names its try. One that failed waits again for another run of the job, which a person
-- asks for. One that was being sent when its worker went may have arrived, and stays so: nothing sends it by itself.
create function public.begin_delivery(p_brand uuid, p_delivery jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
    v public.creation_deliveries := jsonb_populate_record(null::public.creation_deliveries, p_delivery);
    v_row public.creation_deliveries;
begin
    insert into public.creation_deliveries as d (brand_id, run_id, order_id, kind, job_run_id, sent_to)
    values (p_brand, v.run_id, v.order_id, v.kind, v.job_run_id, coalesce(v.sent_to, '{}'))
    on conflict (brand_id, order_id, kind) do update set
        job_run_id = case when d.state in ('waiting', 'failed') then excluded.job_run_id else d.job_run_id end,
        tries = d.tries + (d.state = 'waiting' or d.state = 'failed' and d.job_run_id <> excluded.job_run_id)::integer,
        ended_at = case when d.state = 'sending' then now()
            when d.state = 'failed' and d.job_run_id <> excluded.job_run_id then null else d.ended_at end,
        state = case when d.state = 'sending' then 'uncertain'
            when d.state = 'failed' and d.job_run_id <> excluded.job_run_id then 'waiting' else d.state end
    returning * into v_row;
    return to_jsonb(v_row) - 'brand_id';
end $$;

-- The step begins that cannot be taken back, with {sent_to, ads, file_name, storage_key, bytes}. False where somebody else
-- has the delivery by now: then nothing may be sent.
create function public.begin_sending(p_brand uuid, p_id uuid, p_try integer, p_parcel jsonb) returns boolean
language plpgsql security definer set search_path = '' as $$
declare
    v public.creation_deliveries := jsonb_populate_record(null::public.creation_deliveries, p_parcel);
begin
    update public.creation_deliveries set state = 'sending', begun_at = now(), reason = null, sent_to = v.sent_to,
        ads = v.ads, file_name = v.file_name, storage_key = v.storage_key, bytes = v.bytes
    where brand_id = p_brand and id = p_id and tries = p_try and state = 'waiting';
    -- Asked again after a lost answer, it is as it was: nobody but this try can have begun it.
    return found or exists (select from public.creation_deliveries
        where brand_id = p_brand and id = p_id and tries = p_try and state = 'sending');
end $$;

-- How a try ended: sent, failed, uncertain, or waiting for the next. What is known to have been sent is said even where
-- somebody took it for uncertain meanwhile.
create function public.end_delivery(p_brand uuid, p_id uuid, p_try integer, p_state text, p_reason text) returns void
language sql security definer set search_path = '' as $$
    update public.creation_deliveries set state = p_state, reason = left(p_reason, 1000),
        ended_at = case when p_state <> 'waiting' then now() end
    where brand_id = p_brand and id = p_id and tries = p_try
      and (state in ('waiting', 'sending') or state = 'uncertain' and p_state = 'sent')
$$;

-- One more file that a run's ads were packed into, {kind, file_name, storage_key, bytes, ads, tokens, packed_at}; the same
-- file counts once, as the newest.
create function public.note_creation_export(p_brand uuid, p_run uuid, p_export jsonb) returns void
language sql security definer set search_path = '' as $$
    update public.creation_runs r set exports = (
        select coalesce(jsonb_agg(e.item order by e.place), '[]')
        from jsonb_array_elements(r.exports || p_export) with ordinality as e(item, place)
        where e.place > jsonb_array_length(r.exports) or e.item ->> 'storage_key' is distinct from p_export ->> 'storage_key')
    where r.brand_id = p_brand and r.id = p_run
$$;

-- What was sent of a run, the newest first: [{id, kind, state, sent_to, ads, file_name, storage_key, bytes, reason, tries,
-- asked_at, begun_at, ended_at, next_try_at}]. Where nobody works on it any more, what waited has failed, and what was
-- being sent may have arrived.
create function public.deliveries_of_run(p_brand uuid, p_run uuid, p_limit integer default 50) returns json
language sql stable set search_path = '' set statement_timeout = '30s' as $$
    select coalesce(json_agg(row_to_json(f) order by f.asked_at desc, f.id), '[]') from (
        select d.id, d.kind, case
                when d.state = 'waiting' and r.state is distinct from 'queued' and r.state is distinct from 'running'
                    then 'failed'
                when d.state = 'sending' and r.state is distinct from 'running' then 'uncertain'
                else d.state end as state,
            d.sent_to, d.ads, d.file_name, d.storage_key, d.bytes, d.reason, d.tries, d.asked_at, d.begun_at, d.ended_at,
            case when d.state = 'waiting' and r.state = 'queued' then r.run_at end as next_try_at
        from public.creation_deliveries d
        left join public.scheduled_job_runs r on r.brand_id = d.brand_id and r.id = d.job_run_id
        where d.brand_id = p_brand and d.run_id = p_run
        order by d.asked_at desc, d.id limit p_limit) f
$$;

revoke all on function public.begin_delivery(uuid, jsonb), public.begin_sending(uuid, uuid, integer, jsonb),
    public.end_delivery(uuid, uuid, integer, text, text), public.note_creation_export(uuid, uuid, jsonb),
    public.deliveries_of_run(uuid, uuid, integer) from public, anon, authenticated, service_role;
grant execute on function public.begin_delivery(uuid, jsonb), public.begin_sending(uuid, uuid, integer, jsonb),
    public.end_delivery(uuid, uuid, integer, text, text), public.note_creation_export(uuid, uuid, jsonb) to service_role;
grant execute on function public.deliveries_of_run(uuid, uuid, integer) to authenticated, service_role;
