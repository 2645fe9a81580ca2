-- Ads that were made here: the runs that made them, their pictures, how they were judged, and which ads of Meta they became.

create table public.creation_runs (
    brand_id uuid not null references public.brands on delete cascade,
    id uuid not null unique,
    product_id uuid not null,
    parameters jsonb not null check (jsonb_typeof(parameters) = 'object'),
    wanted integer not null check (wanted between 1 and 15),
    sizes text[] not null check (cardinality(sizes) between 1 and 4),
    status text not null default 'running' check (status in ('running', 'completed', 'failed')),
    attempts integer not null default 0 check (attempts between 0 and 200),
    reason text check (length(reason) <= 2000),
    exports jsonb not null default '[]',
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    primary key (brand_id, id),
    foreign key (brand_id, product_id) references public.products (brand_id, id) on delete cascade
);
create index creation_runs_newest on public.creation_runs (brand_id, started_at desc);
comment on column public.creation_runs.id is 'That of the job run that makes it, so that a later attempt goes on with it.';
comment on column public.creation_runs.attempts is 'Pictures that were asked for, whatever came of them.';

create table public.generated_ads (
    brand_id uuid not null references public.brands on delete cascade,
    id uuid not null unique default gen_random_uuid(),
    run_id uuid not null,
    variation integer not null check (variation between 1 and 15),
    token text not null check (token ~ '^VT-[ABCDEFGHJKMNPQRSTVWXYZ]{8}$'),
    product_id uuid not null,
    template_id uuid references public.templates on delete set null,
    status text not null check (status in ('drafted', 'approved', 'needs_person', 'rejected')),
    copy jsonb not null check (jsonb_typeof(copy) = 'object'),
    angle text check (length(angle) <= 200),
    awareness text check (length(awareness) <= 40),
    writer text not null check (length(writer) <= 100),
    prompt text check (length(prompt) <= 20000),
    cost_usd numeric(18, 6) not null default 0 check (cost_usd >= 0),
    tries integer not null default 1 check (tries between 1 and 200),
    findings jsonb not null default '[]',
    decided_how text check (decided_how in ('checks', 'reviewers', 'person')),
    decided_by uuid,
    decided_at timestamptz,
    note text check (length(note) <= 1000),
    created_at timestamptz not null default now(),
    primary key (brand_id, id),
    unique (brand_id, run_id, variation),
    unique (brand_id, token),
    foreign key (brand_id, run_id) references public.creation_runs (brand_id, id) on delete cascade
);
comment on column public.generated_ads.writer is 'Who wrote its words: rules and their version, or a model.';
comment on column public.generated_ads.findings is '[{check, passed, hard, sentence, size?}] of the words and of all pictures.';

create table public.generated_ad_images (
    brand_id uuid not null,
    ad_id uuid not null,
    size text not null check (size ~ '^[0-9]{3,4}x[0-9]{3,4}$'),
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    storage_key text not null generated always as (brand_id::text || '/' || sha256) stored,
    mime text not null check (mime in ('image/jpeg', 'image/png', 'image/webp')),
    bytes integer not null check (bytes > 0),
    width integer not null check (width > 0),
    height integer not null check (height > 0),
    phash text,
    maker text not null check (length(maker) <= 100),
    label text not null check (length(label) <= 200),
    look jsonb,
    made_at timestamptz not null default now(),
    primary key (brand_id, ad_id, size),
    foreign key (brand_id, ad_id) references public.generated_ads (brand_id, id) on delete cascade
);
comment on column public.generated_ad_images.label is 'What people are told of how it was made.';

-- How often a product used a template, so that those it has not used come first.
create table public.template_usage (
    brand_id uuid not null references public.brands on delete cascade,
    product_id uuid not null,
    template_id uuid not null references public.templates on delete cascade,
    uses integer not null check (uses > 0),
    last_used_at timestamptz not null,
    primary key (brand_id, product_id, template_id),
    foreign key (brand_id, product_id) references public.products (brand_id, id) on delete cascade
);

create table public.generated_ad_matches (
    brand_id uuid not null references public.brands on delete cascade,
    ad_id text not null,
    generated_ad_id uuid not null,
    matched_at timestamptz not null default now(),
    primary key (brand_id, ad_id),
    foreign key (brand_id, generated_ad_id) references public.generated_ads (brand_id, id) on delete cascade
);
create index generated_ad_matches_by_made on public.generated_ad_matches (brand_id, generated_ad_id);

do $$
declare
    t text;
begin
    foreach t in array array['creation_runs', 'generated_ads', 'generated_ad_images', 'template_usage',
        'generated_ad_matches'] loop
        execute format('alter table public.%I enable row level security', t);
        execute format('revoke all on public.%I from anon, authenticated', t);
        execute format('grant select on public.%I to authenticated', t);
        execute format('create policy members_read on public.%I for select to authenticated
                        using (brand_id in (select app.my_brands()))', t);
    end loop;
end $$;

-- The run with what it has made already, begun where it is new: {status, attempts, ads: [{id, variation, status, tries,
-- copy, angle, awareness, template_id, findings, images: [{size, sha256, phash, look}]}]}.
create function public.begin_creation_run(p_brand uuid, p_run jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
    v public.creation_runs := jsonb_populate_record(null::public.creation_runs, p_run);
begin
    insert into public.creation_runs (brand_id, id, product_id, parameters, wanted, sizes)
    values (p_brand, v.id, v.product_id, v.parameters, v.wanted, v.sizes) on conflict (brand_id, id) do nothing;
    return (select jsonb_build_object('status', r.status, 'attempts', r.attempts, 'ads', coalesce((
            select jsonb_agg(to_jsonb(a) - array['brand_id', 'run_id', 'prompt'] || jsonb_build_object('images', (
                select coalesce(jsonb_agg(to_jsonb(i) - array['brand_id', 'ad_id'] order by i.size), '[]')
                from public.generated_ad_images i where i.brand_id = a.brand_id and i.ad_id = a.id)) order by a.variation)
            from public.generated_ads a where a.brand_id = p_brand and a.run_id = r.id), '[]'))
        from public.creation_runs r where r.brand_id = p_brand and r.id = v.id);
end $$;

-- One more picture of a run is asked for; false once it has had its 200. Counted before it is made, so that what a killed
-- run had under way is counted too.
create function public.count_creation_attempt(p_brand uuid, p_run uuid) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
    update public.creation_runs set attempts = attempts + 1
    where brand_id = p_brand and id = p_run and status = 'running' and attempts < 200;
    return found;
end $$;

-- An ad of a run by its variation, with pictures, [{size, sha256, …}] by size; what is there is replaced. The first time
-- it counts for its template. Gives its id.
create function public.save_generated_ad(p_brand uuid, p_ad jsonb, p_images jsonb) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
    v public.generated_ads := jsonb_populate_record(null::public.generated_ads, p_ad);
    v_id uuid;
    v_new boolean;
begin
    insert into public.generated_ads as t (brand_id, run_id, variation, token, product_id, template_id, status, copy, angle,
        awareness, writer, prompt, cost_usd, tries, findings, decided_how, decided_at)
    values (p_brand, v.run_id, v.variation, v.token, v.product_id, v.template_id, v.status, v.copy, v.angle, v.awareness,
        v.writer, v.prompt, coalesce(v.cost_usd, 0), coalesce(v.tries, 1), coalesce(v.findings, '[]'), v.decided_how,
        case when v.decided_how is not null then now() end)
    on conflict (brand_id, run_id, variation) do update set template_id = excluded.template_id, status = excluded.status,
        copy = excluded.copy, angle = excluded.angle, awareness = excluded.awareness, writer = excluded.writer,
        prompt = excluded.prompt, cost_usd = excluded.cost_usd, tries = excluded.tries, findings = excluded.findings,
        decided_how = excluded.decided_how, decided_at = excluded.decided_at
        where t.decided_how is distinct from 'person'
    returning id, xmax = 0 into v_id, v_new;
    if v_id is null then  -- somebody has decided about it meanwhile: that stands
        return (select id from public.generated_ads
            where brand_id = p_brand and run_id = v.run_id and variation = v.variation);
    end if;
    insert into public.generated_ad_images as t (brand_id, ad_id, size, sha256, mime, bytes, width, height, phash, maker,
        label, look)
    select p_brand, v_id, i.size, i.sha256, i.mime, i.bytes, i.width, i.height, i.phash, i.maker, i.label, i.look
    from jsonb_to_recordset(p_images) as i(size text, sha256 text, mime text, bytes integer, width integer,
        height integer, phash text, maker text, label text, look jsonb)
    on conflict (brand_id, ad_id, size) do update set sha256 = excluded.sha256, mime = excluded.mime,
        bytes = excluded.bytes, width = excluded.width, height = excluded.height, phash = excluded.phash,
        maker = excluded.maker, label = excluded.label, look = excluded.look, made_at = now();
    if v_new and v.template_id is not null then
        insert into public.template_usage as t (brand_id, product_id, template_id, uses, last_used_at)
        values (p_brand, v.product_id, v.template_id, 1, now())
        on conflict (brand_id, product_id, template_id) do update set uses = t.uses + 1, last_used_at = now();
    end if;
    return v_id;
end $$;

create function public.finish_creation_run(p_brand uuid, p_run uuid, p_status text, p_reason text, p_exports jsonb)
returns void
language sql security definer set search_path = '' as $$
    update public.creation_runs set status = p_status, reason = p_reason, exports = p_exports, finished_at = now()
    where brand_id = p_brand and id = p_run
$$;

-- Templates for a product, the best first: those it has not used, then those that ran longest with their brand; of
-- p_templates where these are named. [{id, name, awareness, hook, layout, storage_key, sha256, phash, uses, active_days}].
create function public.template_choices(p_brand uuid, p_product uuid, p_templates uuid[], p_limit integer) returns json
language sql stable set search_path = '' set statement_timeout = '30s' as $$
    select coalesce(json_agg(row_to_json(c) order by c.place), '[]') from (
        select t.id, t.name, t.awareness, t.hook, t.layout, t.storage_key, t.sha256, t.phash, coalesce(u.uses, 0) as uses,
            a.active_days, row_number() over (order by array_position(p_templates, t.id), coalesce(u.uses, 0),
                a.active_days desc nulls last, t.created_at, t.id) as place
        from public.templates t
        join public.brands b on b.organization_id = t.organization_id and b.id = p_brand
        left join public.scraped_ads a on a.organization_id = t.organization_id and a.ad_archive_id = t.ad_archive_id
        left join public.template_usage u on u.brand_id = p_brand and u.product_id = p_product and u.template_id = t.id
        where t.archived_at is null and (p_templates is null or t.id = any (p_templates))
        order by place limit p_limit) c
$$;

-- Names that no ad of the brand may bear: of the pages whose ads the organisation has seen, the most seen first.
create function public.foreign_brand_names(p_brand uuid, p_limit integer default 1000) returns json
language sql stable set search_path = '' set statement_timeout = '30s' as $$
    select coalesce(json_agg(f.page_name order by f.ads desc, f.page_name), '[]') from (
        select a.page_name, count(*) as ads
        from public.brands b join public.scraped_ads a using (organization_id)
        where b.id = p_brand and length(trim(a.page_name)) > 1
          and lower(a.page_name) <> all (select lower(n) from unnest(b.name || b.aliases) n)
        group by a.page_name order by ads desc, a.page_name limit p_limit) f
$$;

-- A person's word on ads that were made, [{id, decision: approve | reject, note?}]: how many it changed.
create function public.decide_generated_ads(p_brand uuid, p_decisions jsonb) returns integer
language plpgsql security definer set search_path = '' as $$
declare
    v_changed integer;
begin
    if not app.may_write(p_brand) then
        raise exception 'You may not decide about the ads of this brand; ask an owner or editor.' using errcode = '42501';
    end if;
    if exists (select from jsonb_array_elements(p_decisions) d(item)
        where d.item ->> 'decision' is distinct from 'approve' and d.item ->> 'decision' is distinct from 'reject') then
        raise exception 'A decision is approve or reject.' using errcode = '22023';
    end if;
    update public.generated_ads a
    set status = case d.decision when 'approve' then 'approved' else 'rejected' end, decided_how = 'person',
        decided_by = auth.uid(), decided_at = now(), note = nullif(trim(d.note), '')
    from jsonb_to_recordset(p_decisions) as d(id uuid, decision text, note text)
    where a.brand_id = p_brand and a.id = d.id and a.status <> 'drafted'
      and (a.status, a.decided_how) is distinct from (case d.decision when 'approve' then 'approved' else 'rejected' end,
        'person');
    get diagnostics v_changed = row_count;
    return v_changed;
end $$;

-- A brand's runs, newest first, and the ads of one of them or of the newest: {runs: [{id, product, status, reason, wanted,
-- attempts, exports, started_at, finished_at, counts}], run, ads: [{id, variation, token, status, copy, …, images,
-- template, ran_as}]}.
create function public.creation_gallery(p_brand uuid, p_run uuid default null, p_runs integer default 50) returns jsonb
language sql stable set search_path = '' set statement_timeout = '30s' as $$
    with runs as materialized (
        select r.*, p.name as product from public.creation_runs r
        join public.products p on p.brand_id = r.brand_id and p.id = r.product_id
        where r.brand_id = p_brand order by r.started_at desc, r.id limit p_runs
    ), counts as (
        select run_id, jsonb_object_agg(status, n) as counts from (
            select run_id, status, count(*) as n from public.generated_ads
            where brand_id = p_brand and run_id in (select id from runs) group by 1, 2) c
        group by run_id
    ), chosen as (
        select coalesce(p_run, (select id from runs order by started_at desc, id limit 1)) as id
    )
    select jsonb_build_object(
        'runs', coalesce((select jsonb_agg(jsonb_build_object('id', r.id, 'product', r.product, 'status', r.status,
                'reason', r.reason, 'wanted', r.wanted, 'sizes', r.sizes, 'attempts', r.attempts, 'exports', r.exports,
                'started_at', r.started_at, 'finished_at', r.finished_at, 'counts', coalesce(c.counts, '{}'))
                order by r.started_at desc, r.id)
            from runs r left join counts c on c.run_id = r.id), '[]'),
        'run', (select id from chosen),
        'ads', coalesce((select jsonb_agg(to_jsonb(a) - array['brand_id', 'run_id', 'prompt'] || jsonb_build_object(
                'images', (select coalesce(jsonb_agg(to_jsonb(i) - array['brand_id', 'ad_id'] order by i.size), '[]')
                    from public.generated_ad_images i where i.brand_id = a.brand_id and i.ad_id = a.id),
                'template', (select jsonb_build_object('name', t.name, 'storage_key', t.storage_key)
                    from public.templates t where t.id = a.template_id),
                'ran_as', (select coalesce(jsonb_agg(m.ad_id order by m.ad_id), '[]') from public.generated_ad_matches m
                    where m.brand_id = a.brand_id and m.generated_ad_id = a.id)) order by a.variation)
            from public.generated_ads a where a.brand_id = p_brand and a.run_id = (select id from chosen)), '[]'))
$$;

-- Ties the brand's ads to those that were made here, by the token in their names: exactly one, as a word of its own. Gives
-- how many are tied for the first time.
create function public.match_generated_ads(p_brand uuid) returns integer
language plpgsql security definer set search_path = '' set statement_timeout = '60s' as $$
declare
    v_new integer;
begin
    with named as (
        select a.ad_id, array(select distinct t[1] from regexp_matches(a.name,
            '(?<![[:alnum:]])(VT-[ABCDEFGHJKMNPQRSTVWXYZ]{8})(?![[:alnum:]])', 'g') t) as tokens
        from public.ads a where a.brand_id = p_brand and a.name like '%VT-%'
    )
    insert into public.generated_ad_matches (brand_id, ad_id, generated_ad_id)
    select p_brand, n.ad_id, g.id from named n
    join public.generated_ads g on g.brand_id = p_brand and g.token = n.tokens[1]
    where cardinality(n.tokens) = 1
    on conflict (brand_id, ad_id) do nothing;
    get diagnostics v_new = row_count;
    return v_new;
end $$;

revoke all on function public.begin_creation_run(uuid, jsonb), public.count_creation_attempt(uuid, uuid),
    public.save_generated_ad(uuid, jsonb, jsonb), public.finish_creation_run(uuid, uuid, text, text, jsonb),
    public.template_choices(uuid, uuid, uuid[], integer), public.decide_generated_ads(uuid, jsonb),
    public.foreign_brand_names(uuid, integer), public.creation_gallery(uuid, uuid, integer),
    public.match_generated_ads(uuid) from public, anon, authenticated, service_role;
grant execute on function public.begin_creation_run(uuid, jsonb), public.count_creation_attempt(uuid, uuid),
    public.save_generated_ad(uuid, jsonb, jsonb), public.finish_creation_run(uuid, uuid, text, text, jsonb),
    public.match_generated_ads(uuid) to service_role;
grant execute on function public.template_choices(uuid, uuid, uuid[], integer),
    public.foreign_brand_names(uuid, integer), public.decide_generated_ads(uuid, jsonb), public.creation_gallery(uuid, uuid, integer) to authenticated, service_role;
