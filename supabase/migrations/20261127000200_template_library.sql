-- Ads of other brands as an organisation has seen them, their pictures, and the templates that were made of these.
-- Everything here belongs to the organisation; brand_id says below which brand the files are stored.

create table public.template_scrapes (
    id uuid primary key,
    organization_id uuid not null references public.organizations on delete cascade,
    brand_id uuid not null references public.brands on delete cascade,
    source text not null check (source in ('upload', 'meta_ad_library', 'apify')),
    search_url text,
    external_run_id text,
    status text not null default 'running' check (status in ('running', 'completed', 'failed')),
    reason text,
    counts jsonb not null default '{}',
    complete boolean not null default false,
    started_at timestamptz not null,
    finished_at timestamptz
);
create index template_scrapes_newest on public.template_scrapes (organization_id, started_at desc);
comment on column public.template_scrapes.id is 'The run''s own id, so that every attempt of it is one scrape.';
comment on column public.template_scrapes.external_run_id is 'The paid run at another service; stored before anything else, so that it is paid once.';
comment on column public.template_scrapes.complete is 'It gave all ads of its search, so an ad that was not among them has ended.';

create table public.scraped_ads (
    organization_id uuid not null references public.organizations on delete cascade,
    ad_archive_id text not null check (ad_archive_id ~ '^[A-Za-z0-9_:-]{1,80}$'),
    brand_id uuid not null references public.brands on delete cascade,
    source text not null check (source in ('upload', 'meta_ad_library', 'apify')),
    page_id text,
    page_name text,
    body text,
    title text,
    cta text,
    link_url text,
    display_format text,
    snapshot_url text,
    platforms text[] not null default '{}',
    started_on date,
    ended_on date,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    times_seen integer not null default 1 check (times_seen > 0),
    variants integer not null default 1 check (variants > 0),
    is_active boolean not null default true,
    search text,
    active_days integer not null generated always as (greatest(1,
        coalesce(ended_on, (last_seen_at at time zone 'UTC')::date)
        - coalesce(started_on, (first_seen_at at time zone 'UTC')::date) + 1)) stored,
    primary key (organization_id, ad_archive_id)
);
create index scraped_ads_of_search on public.scraped_ads (organization_id, search) where is_active;
comment on column public.scraped_ads.ad_archive_id is 'The Ad Library''s id; img: and the sha256 of a picture that came without an ad.';
comment on column public.scraped_ads.last_seen_at is 'When the newest scrape that saw it began.';
comment on column public.scraped_ads.active_days is 'Days from its start to its end, or to when it was last seen running; both counted.';

create table public.scraped_ad_media (
    organization_id uuid not null,
    ad_archive_id text not null,
    position integer not null check (position >= 0),
    kind text not null default 'image' check (kind in ('image', 'video')),
    source_url text,
    file_name text,
    status text not null default 'due'
        check (status in ('due', 'stored', 'failed', 'gone', 'forbidden', 'too_large', 'refused')),
    reason text,
    tries integer not null default 0,
    sha256 text check (sha256 ~ '^[0-9a-f]{64}$'),
    storage_key text,
    mime text,
    bytes bigint,
    width integer,
    height integer,
    phash text,
    primary key (organization_id, ad_archive_id, position),
    foreign key (organization_id, ad_archive_id) references public.scraped_ads on delete cascade,
    check (status <> 'stored' or (sha256 is not null and storage_key is not null))
);
create index scraped_ad_media_due on public.scraped_ad_media (organization_id, tries, ad_archive_id, position)
    where status in ('due', 'failed') and tries < 3;
comment on column public.scraped_ad_media.phash is 'Perceptual hash of the picture, 64 bits in hex: near copies differ in few bits.';

create table public.template_queue (
    id uuid primary key default gen_random_uuid(),
    organization_id uuid not null references public.organizations on delete cascade,
    brand_id uuid not null references public.brands on delete cascade,
    ad_archive_id text not null,
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    storage_key text not null,
    width integer not null,
    height integer not null,
    phash text,
    status text not null default 'pending' check (status in ('pending', 'analysed', 'approved', 'rejected', 'failed')),
    tries integer not null default 0,
    reason text,
    reading jsonb,
    flags text[] not null default '{}',
    confidence double precision check (confidence between 0 and 1),
    claimed_by text,
    claimed_until timestamptz,
    decided_by uuid,
    decided_at timestamptz,
    decided_how text check (decided_how in ('rules', 'person')),
    created_at timestamptz not null default now(),
    unique (organization_id, sha256),
    foreign key (organization_id, ad_archive_id) references public.scraped_ads on delete cascade,
    check (status <> 'failed' or reason is not null),
    check (status not in ('analysed', 'approved') or reading is not null)
);
create index template_queue_pending on public.template_queue (organization_id, created_at, id) where status = 'pending';
create index template_queue_to_review on public.template_queue (organization_id, confidence desc, created_at, id)
    where status = 'analysed';
comment on column public.template_queue.claimed_by is 'The run and its epoch that read it now; what another writes of it meanwhile is not taken.';

create table public.templates (
    id uuid primary key default gen_random_uuid(),
    organization_id uuid not null references public.organizations on delete cascade,
    brand_id uuid not null references public.brands on delete cascade,
    queue_id uuid not null unique references public.template_queue on delete cascade,
    ad_archive_id text not null,
    name text not null check (length(trim(name)) between 1 and 200),
    description text not null default '' check (length(description) <= 2000),
    layout text not null check (layout ~ '^[a-z_]{1,40}$'),
    industry text check (industry ~ '^[a-z_]{1,40}$'),
    audience text check (length(audience) <= 80),
    awareness text not null check (awareness in ('unaware', 'problem_aware', 'solution_aware', 'product_aware',
        'most_aware', 'unclear')),
    hook text not null check (hook ~ '^[a-z_]{1,40}$'),
    text_regions jsonb not null default '[]',
    storage_key text not null,
    sha256 text not null,
    width integer not null,
    height integer not null,
    phash text,
    archived_at timestamptz,
    created_at timestamptz not null default now(),
    foreign key (organization_id, ad_archive_id) references public.scraped_ads on delete cascade
);
create index templates_of_organization on public.templates (organization_id, created_at desc);
create index templates_of_ad on public.templates (organization_id, ad_archive_id);

do $$
declare
    t text;
begin
    foreach t in array array['template_scrapes', 'scraped_ads', 'scraped_ad_media', 'template_queue', 'templates'] loop
        execute format('alter table public.%I enable row level security', t);
        execute format('revoke all on public.%I from anon, authenticated', t);
        execute format('grant select on public.%I to authenticated', t);
        execute format('create policy members_read on public.%I for select to authenticated
                        using (organization_id in (select app.my_organizations()))', t);
    end loop;
end $$;

-- The scrape of a run, begun or gone on with: its row. A later attempt keeps when it began and what it has paid for.
create function public.begin_template_scrape(p_brand uuid, p_scrape uuid, p_source text, p_search text, p_now timestamptz)
returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
    v public.template_scrapes;
begin
    insert into public.template_scrapes as t (id, organization_id, brand_id, source, search_url, started_at)
    select p_scrape, b.organization_id, b.id, p_source, p_search, p_now from public.brands b where b.id = p_brand
    on conflict (id) do update set status = 'running', reason = null, finished_at = null
    returning * into v;
    if v.id is null then
        raise exception 'There is no such brand.' using errcode = '22023';
    end if;
    return to_jsonb(v);
end $$;

-- The id of the paid run at another service. False when another one is stored already: that one is to be gone on with.
create function public.note_external_scrape(p_scrape uuid, p_external text) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
    update public.template_scrapes set external_run_id = p_external
    where id = p_scrape and (external_run_id is null or external_run_id = p_external);
    return found;
end $$;

-- Ads of a scrape with their media, [{ad_archive_id, …columns of scraped_ads, media: [{kind, source_url, file_name}]}].
-- An ad that was seen before moves its longevity, once a scrape however often that is tried. {new, seen_again}.
create function public.save_scraped_ads(p_scrape uuid, p_ads jsonb) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '60s' as $$
declare
    v public.template_scrapes;
    v_new integer;
    v_all integer;
begin
    select * into strict v from public.template_scrapes where id = p_scrape;
    with given as materialized (
        select distinct on (a.ad_archive_id) a.*
        from jsonb_to_recordset(p_ads) as a(ad_archive_id text, page_id text, page_name text, body text, title text,
            cta text, link_url text, display_format text, snapshot_url text, platforms text[], started_on date,
            ended_on date, variants integer, is_active boolean)
        order by a.ad_archive_id
    ), saved as (
        insert into public.scraped_ads as t (organization_id, ad_archive_id, brand_id, source, page_id, page_name, body,
            title, cta, link_url, display_format, snapshot_url, platforms, started_on, ended_on, first_seen_at,
            last_seen_at, variants, is_active, search)
        select v.organization_id, g.ad_archive_id, v.brand_id, v.source, g.page_id, g.page_name, g.body, g.title, g.cta,
            g.link_url, g.display_format, g.snapshot_url, coalesce(g.platforms, '{}'), g.started_on, g.ended_on,
            v.started_at, v.started_at, coalesce(g.variants, 1), coalesce(g.is_active, true), v.search_url
        from given g
        -- In one order, so that two scrapes with the same ads wait for each other instead of failing.
        order by g.ad_archive_id
        on conflict (organization_id, ad_archive_id) do update set
            page_id = coalesce(excluded.page_id, t.page_id), page_name = coalesce(excluded.page_name, t.page_name),
            body = coalesce(excluded.body, t.body), title = coalesce(excluded.title, t.title),
            cta = coalesce(excluded.cta, t.cta), link_url = coalesce(excluded.link_url, t.link_url),
            display_format = coalesce(excluded.display_format, t.display_format),
            snapshot_url = coalesce(excluded.snapshot_url, t.snapshot_url),
            platforms = case when excluded.platforms = '{}' then t.platforms else excluded.platforms end,
            started_on = least(t.started_on, excluded.started_on),
            ended_on = case when excluded.is_active then null else coalesce(excluded.ended_on, t.ended_on) end,
            is_active = excluded.is_active,
            times_seen = t.times_seen + (excluded.last_seen_at > t.last_seen_at)::integer,
            last_seen_at = greatest(t.last_seen_at, excluded.last_seen_at),
            variants = greatest(t.variants, excluded.variants),
            search = coalesce(excluded.search, t.search)
        returning t.times_seen
    )
    select count(*) filter (where times_seen = 1), count(*) into v_new, v_all from saved;
    insert into public.scraped_ad_media as t (organization_id, ad_archive_id, position, kind, source_url, file_name)
    select distinct on (a.item ->> 'ad_archive_id', m.position) v.organization_id, a.item ->> 'ad_archive_id',
        m.position - 1, m.item ->> 'kind', m.item ->> 'source_url', m.item ->> 'file_name'
    from jsonb_array_elements(p_ads) a(item)
    cross join lateral jsonb_array_elements(coalesce(a.item -> 'media', '[]')) with ordinality m(item, position)
    order by a.item ->> 'ad_archive_id', m.position
    on conflict (organization_id, ad_archive_id, position) do update
        set source_url = excluded.source_url, file_name = excluded.file_name, kind = excluded.kind
    where t.status in ('due', 'failed');
    return jsonb_build_object('new', v_new, 'seen_again', v_all - v_new);
end $$;

-- Media of known ads that are not stored yet and were tried less than three times, those never tried first:
-- {total, items: [{ad_archive_id, position, kind, source_url, file_name, tries}]}. What only a file holds is not due
-- without it.
create function public.template_media_due(p_brand uuid, p_images_only boolean, p_limit integer) returns jsonb
language sql stable set search_path = '' set statement_timeout = '30s' as $$
    with due as (
        select m.ad_archive_id, m.position, m.kind, m.source_url, m.file_name, m.tries
        from public.scraped_ad_media m
        where m.organization_id = (select organization_id from public.brands where id = p_brand)
          and m.status in ('due', 'failed') and m.tries < 3 and m.source_url is not null
          and (m.kind = 'image' or not p_images_only)
    )
    select jsonb_build_object('total', (select count(*) from due),
        'items', coalesce((select jsonb_agg(to_jsonb(d) order by d.tries, d.ad_archive_id, d.position)
            from (select * from due order by tries, ad_archive_id, position limit p_limit) d), '[]'))
$$;

-- Outcomes of attempts at media, [{ad_archive_id, position, status, reason, sha256, storage_key, mime, bytes, width,
-- height, phash}], and with p_queue an item in the queue for each picture that is not in it yet. {stored, queued}.
create function public.save_template_media(p_brand uuid, p_media jsonb, p_queue boolean) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '60s' as $$
declare
    v_organization uuid;
    v_stored integer;
    v_queued integer;
begin
    select organization_id into strict v_organization from public.brands where id = p_brand;
    update public.scraped_ad_media t
    set status = g.status, reason = g.reason, tries = t.tries + 1, sha256 = g.sha256, storage_key = g.storage_key,
        mime = g.mime, bytes = g.bytes, width = g.width, height = g.height, phash = g.phash
    from jsonb_to_recordset(p_media) as g(ad_archive_id text, position integer, status text, reason text, sha256 text,
        storage_key text, mime text, bytes bigint, width integer, height integer, phash text)
    where t.organization_id = v_organization and t.ad_archive_id = g.ad_archive_id and t.position = g.position
      and t.status <> 'stored';
    select count(*) into v_stored from jsonb_array_elements(p_media) m(item) where m.item ->> 'status' = 'stored';
    insert into public.template_queue (organization_id, brand_id, ad_archive_id, sha256, storage_key, width, height, phash)
    select distinct on (g.sha256) v_organization, p_brand, g.ad_archive_id, g.sha256, g.storage_key, g.width, g.height,
        g.phash
    from jsonb_to_recordset(p_media) as g(ad_archive_id text, position integer, status text, mime text, sha256 text,
        storage_key text, width integer, height integer, phash text)
    where p_queue and g.status = 'stored' and g.mime like 'image/%'
    order by g.sha256, g.ad_archive_id, g.position
    on conflict (organization_id, sha256) do nothing;
    get diagnostics v_queued = row_count;
    return jsonb_build_object('stored', v_stored, 'queued', v_queued);
end $$;

-- The end of a scrape. Of a complete one, ads of the same search that it did not see have ended; their number.
create function public.finish_template_scrape(
    p_scrape uuid, p_status text, p_counts jsonb, p_complete boolean, p_reason text, p_now timestamptz
) returns integer
language plpgsql security definer set search_path = '' set statement_timeout = '60s' as $$
declare
    v public.template_scrapes;
    v_ended integer := 0;
begin
    update public.template_scrapes
    set status = p_status, counts = p_counts, complete = p_complete, reason = p_reason, finished_at = p_now
    where id = p_scrape returning * into strict v;
    if p_status = 'completed' and p_complete and v.search_url is not null then
        -- One that another scrape saw since this one began is still there.
        update public.scraped_ads
        set is_active = false, ended_on = coalesce(ended_on, (last_seen_at at time zone 'UTC')::date)
        where organization_id = v.organization_id and search = v.search_url and is_active
          and last_seen_at < v.started_at;
        get diagnostics v_ended = row_count;
    end if;
    return v_ended;
end $$;

-- Pending items for one run to read, the oldest first, with the words of their ads; no other run gets them until
-- p_lease_s have passed. p_claim names the run and its epoch (run:epoch): what an earlier epoch of the same run held is
-- taken over at once. An item that was claimed three times and never came back has failed.
create function public.claim_template_items(p_brand uuid, p_claim text, p_limit integer, p_lease_s double precision)
returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '30s' as $$
declare
    v_organization uuid;
    v_run text := split_part(p_claim, ':', 1);
    v jsonb;
begin
    select organization_id into strict v_organization from public.brands where id = p_brand;
    update public.template_queue q
    set status = 'failed', claimed_by = null, claimed_until = null,
        reason = coalesce(q.reason, 'Reading it ended without an answer three times.')
    from (select id from public.template_queue
        where organization_id = v_organization and status = 'pending' and tries >= 3
          and (claimed_until is null or claimed_until < now() or split_part(claimed_by, ':', 1) = v_run)
        for update skip locked) lost
    where q.id = lost.id;
    with free as materialized (
        select id from public.template_queue
        where organization_id = v_organization and status = 'pending' and tries < 3
          and (claimed_until is null or claimed_until < now()
            or (split_part(claimed_by, ':', 1) = v_run and claimed_by <> p_claim))
        order by created_at, id limit p_limit for update skip locked
    ), taken as (
        update public.template_queue q
        set claimed_by = p_claim, claimed_until = now() + make_interval(secs => p_lease_s), tries = q.tries + 1
        from free f where q.id = f.id
        returning q.id, q.ad_archive_id, q.storage_key, q.width, q.height, q.created_at
    )
    select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'storage_key', t.storage_key, 'width', t.width,
            'height', t.height, 'page_name', a.page_name, 'body', a.body, 'title', a.title, 'cta', a.cta,
            'display_format', a.display_format) order by t.created_at, t.id), '[]') into v
    from taken t join public.scraped_ads a on a.organization_id = v_organization and a.ad_archive_id = t.ad_archive_id;
    return v;
end $$;

-- What was read, [{id, reading, flags, confidence}], or why it could not be, [{id, reason}]: that is tried again until it
-- has failed three times. Only items that this claim still holds; {analysed, failed, to_try_again}.
create function public.finish_template_readings(p_claim text, p_readings jsonb) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '30s' as $$
declare
    v jsonb;
begin
    with done as (
        update public.template_queue q
        set status = case when g.reading is not null then 'analysed' when q.tries >= 3 then 'failed' else 'pending' end,
            reading = g.reading, flags = coalesce(g.flags, '{}'), confidence = g.confidence, reason = g.reason,
            claimed_by = null, claimed_until = null
        from jsonb_to_recordset(p_readings) as g(id uuid, reading jsonb, flags text[], confidence double precision,
            reason text)
        where q.id = g.id and q.claimed_by = p_claim and q.status = 'pending'
        returning q.status
    )
    select jsonb_build_object('analysed', count(*) filter (where status = 'analysed'),
        'failed', count(*) filter (where status = 'failed'),
        'to_try_again', count(*) filter (where status = 'pending')) into v from done;
    return v;
end $$;

-- Gives back what a claim holds and did not read, without counting it as a try.
create function public.release_template_items(p_claim text) returns integer
language plpgsql security definer set search_path = '' as $$
declare
    v_count integer;
begin
    update public.template_queue
    set claimed_by = null, claimed_until = null, tries = greatest(0, tries - 1)
    where claimed_by = p_claim and status = 'pending';
    get diagnostics v_count = row_count;
    return v_count;
end $$;

-- Decisions about read items, [{id, decision: approve | reject, edits: {name, description, layout, industry, audience,
-- awareness, hook}}]. The item and its template are one transaction, and one that was decided before stays as it is:
-- [{id, status, template_id, changed}] in the order asked.
create function public.decide_templates(p_decisions jsonb) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '60s' as $$
declare
    v_how text := case when app.is_service() then 'rules' else 'person' end;
    v_changed uuid[];
begin
    perform from public.template_queue q
    where q.id in (select (d.item ->> 'id')::uuid from jsonb_array_elements(p_decisions) d(item))
    order by q.id for update;
    if exists (select from jsonb_array_elements(p_decisions) d(item)
        left join public.template_queue q on q.id = (d.item ->> 'id')::uuid
        where q.id is null or not app.may_write(q.brand_id)) then
        raise exception 'There is no such template, or you may not decide about it.' using errcode = '42501';
    end if;
    if exists (select from jsonb_array_elements(p_decisions) d(item)
        where d.item ->> 'decision' is distinct from 'approve' and d.item ->> 'decision' is distinct from 'reject') then
        raise exception 'A decision is approve or reject.' using errcode = '22023';
    end if;
    with asked as (
        select distinct on (1) (d.item ->> 'id')::uuid as id, d.item ->> 'decision' as decision,
            coalesce(d.item -> 'edits', '{}') as edits
        from jsonb_array_elements(p_decisions) d(item) order by 1
    ), decided as (
        update public.template_queue q
        set status = case a.decision when 'approve' then 'approved' else 'rejected' end,
            reading = q.reading || (select coalesce(jsonb_object_agg(e.key, e.value), '{}')
                from jsonb_each(a.edits) e where e.key in ('name', 'description', 'layout', 'industry', 'audience',
                    'awareness', 'hook')),
            decided_by = auth.uid(), decided_at = now(), decided_how = v_how
        from asked a where q.id = a.id and q.status = 'analysed'
        returning q.*
    ), made as (
        insert into public.templates (organization_id, brand_id, queue_id, ad_archive_id, name, description, layout,
            industry, audience, awareness, hook, text_regions, storage_key, sha256, width, height, phash)
        select organization_id, brand_id, id, ad_archive_id, reading ->> 'name', coalesce(reading ->> 'description', ''),
            reading ->> 'layout', reading ->> 'industry', reading ->> 'audience', reading ->> 'awareness',
            reading ->> 'hook', coalesce(reading -> 'text_regions', '[]'), storage_key, sha256, width, height, phash
        from decided where status = 'approved' on conflict (queue_id) do nothing
    )
    select coalesce(array_agg(id), '{}') into v_changed from decided;
    return (select coalesce(jsonb_agg(jsonb_build_object('id', q.id, 'status', q.status, 'template_id', t.id,
            'changed', q.id = any (v_changed)) order by d.place), '[]')
        from jsonb_array_elements(p_decisions) with ordinality d(item, place)
        join public.template_queue q on q.id = (d.item ->> 'id')::uuid left join public.templates t on t.queue_id = q.id);
end $$;

-- Approves what has been read with at least this confidence and no flag; their number.
create function public.approve_sure_templates(p_brand uuid, p_threshold double precision) returns integer
language sql security definer set search_path = '' set statement_timeout = '60s' as $$
    select jsonb_array_length(public.decide_templates((
        select coalesce(jsonb_agg(jsonb_build_object('id', q.id, 'decision', 'approve')), '[]')
        from public.template_queue q join public.brands b using (organization_id)
        where b.id = p_brand and q.status = 'analysed' and q.flags = '{}' and q.confidence >= p_threshold)))
$$;

-- Changes of a template by a person: {name, description, layout, industry, audience, awareness, hook, archived}; what is
-- not in it stays.
create function public.edit_template(p_template uuid, p_edits jsonb) returns void
language plpgsql security definer set search_path = '' as $$
begin
    if not coalesce((select app.may_write(brand_id) from public.templates where id = p_template), false) then
        raise exception 'There is no such template, or you may not change it.' using errcode = '42501';
    end if;
    update public.templates set
        name = coalesce(p_edits ->> 'name', name), description = coalesce(p_edits ->> 'description', description),
        layout = coalesce(p_edits ->> 'layout', layout),
        industry = case when p_edits ? 'industry' then p_edits ->> 'industry' else industry end,
        audience = case when p_edits ? 'audience' then p_edits ->> 'audience' else audience end,
        awareness = coalesce(p_edits ->> 'awareness', awareness), hook = coalesce(p_edits ->> 'hook', hook),
        archived_at = case when not p_edits ? 'archived' then archived_at
            when (p_edits ->> 'archived')::boolean then coalesce(archived_at, now()) end
    where id = p_template;
end $$;

-- A page of the library: {templates, found, waiting, pending, ads, layouts, stages, hooks, newest_scrape, items}.
-- p_layout, p_awareness and p_hook are labels; p_running true or false keeps ads that run or have ended. p_search is found
-- anywhere in the template's words or the ad's. p_sort: longevity, newest, name. Counts by label are of all templates.
create function public.template_library(
    p_brand uuid, p_search text default '', p_layout text default null, p_awareness text default null,
    p_hook text default null, p_running boolean default null, p_archived boolean default false,
    p_sort text default 'longevity', p_limit integer default 24, p_offset integer default 0
) returns json
language sql stable set search_path = '' set statement_timeout = '30s' set enable_nestloop = off as $$
    with mine as materialized (
        select organization_id as id from public.brands where id = p_brand
    ), every as materialized (
        select t.id, t.ad_archive_id, t.name, t.layout, t.awareness, t.hook, t.created_at, a.active_days,
            (p_layout is null or t.layout = p_layout) and (p_awareness is null or t.awareness = p_awareness)
            and (p_hook is null or t.hook = p_hook) and (p_running is null or a.is_active = p_running)
            and (p_search = '' or position(lower(p_search) in
                lower(concat_ws(' ', t.name, t.description, t.audience, t.industry, a.page_name, a.title, a.body))) > 0)
            as fits
        from public.templates t join public.scraped_ads a using (organization_id, ad_archive_id)
        where t.organization_id = (select id from mine) and (t.archived_at is not null) = p_archived
    ), page as materialized (
        select e.*, row_number() over () as place from (
            select id, ad_archive_id from every where fits
            order by case p_sort when 'longevity' then active_days end desc nulls last,
                case p_sort when 'name' then lower(name) end, created_at desc, id
            limit p_limit offset p_offset) e
    ), shown as (
        select p.place, t.id, t.ad_archive_id, t.name, t.description, t.layout, t.industry, t.audience, t.awareness,
            t.hook, t.text_regions, t.storage_key, t.width, t.height, t.archived_at, t.created_at, q.decided_how,
            q.confidence, q.reading, a.page_name, a.title, a.body, a.cta, a.snapshot_url, a.platforms, a.started_on,
            a.ended_on, a.first_seen_at, a.last_seen_at, a.active_days, a.variants, a.times_seen, a.is_active
        from page p join public.templates t using (id) join public.template_queue q on q.id = t.queue_id
        join public.scraped_ads a on a.organization_id = t.organization_id and a.ad_archive_id = t.ad_archive_id
        where t.id = any (array(select id from page)) and a.organization_id = (select id from mine)
          and a.ad_archive_id = any (array(select ad_archive_id from page)) and q.id = any (array(select queue_id from public.templates
            where id = any (array(select id from page))))
        order by p.place
    )
    select json_build_object(
        'templates', (select count(*) from every), 'found', (select count(*) from every where fits),
        'waiting', (select count(*) from public.template_queue
            where organization_id = (select id from mine) and status = 'analysed'),
        'pending', (select count(*) from public.template_queue
            where organization_id = (select id from mine) and status = 'pending'),
        'ads', (select count(*) from public.scraped_ads where organization_id = (select id from mine)),
        'layouts', (select coalesce(json_object_agg(layout, n), '{}') from (
            select layout, count(*) as n from every group by 1 order by 2 desc, 1) c),
        'stages', (select coalesce(json_object_agg(awareness, n), '{}') from (
            select awareness, count(*) as n from every group by 1 order by 2 desc, 1) c),
        'hooks', (select coalesce(json_object_agg(hook, n), '{}') from (
            select hook, count(*) as n from every group by 1 order by 2 desc, 1) c),
        'newest_scrape', (select row_to_json(s) from (
            select source, search_url, status, reason, counts, complete, started_at, finished_at
            from public.template_scrapes where organization_id = (select id from mine)
            order by started_at desc limit 1) s),
        'items', (select coalesce(json_agg(row_to_json(s)), '[]') from shown s))
$$;

-- Items that were read and want a person, the surest first, with their ads: {total, pending, failed, items}.
create function public.template_review(p_brand uuid, p_limit integer default 20) returns json
language sql stable set search_path = '' set statement_timeout = '30s' as $$
    with mine as materialized (
        select organization_id as id from public.brands where id = p_brand
    )
    select json_build_object(
        'total', (select count(*) from public.template_queue
            where organization_id = (select id from mine) and status = 'analysed'),
        'pending', (select count(*) from public.template_queue
            where organization_id = (select id from mine) and status = 'pending'),
        'failed', (select count(*) from public.template_queue
            where organization_id = (select id from mine) and status = 'failed'),
        'items', (select coalesce(json_agg(row_to_json(s)), '[]') from (
            select q.id, q.ad_archive_id, q.storage_key, q.width, q.height, q.reading, q.flags, q.confidence,
                a.page_name, a.title, a.body, a.cta, a.snapshot_url, a.started_on, a.ended_on, a.last_seen_at,
                a.active_days, a.variants, a.times_seen, a.is_active
            from (select * from public.template_queue
                where organization_id = (select id from mine) and status = 'analysed'
                order by confidence desc, created_at, id limit p_limit) q
            join public.scraped_ads a on a.organization_id = q.organization_id and a.ad_archive_id = q.ad_archive_id
            order by q.confidence desc, q.created_at, q.id) s))
$$;

revoke all on function public.begin_template_scrape(uuid, uuid, text, text, timestamptz),
    public.note_external_scrape(uuid, text), public.save_scraped_ads(uuid, jsonb),
    public.template_media_due(uuid, boolean, integer), public.save_template_media(uuid, jsonb, boolean),
    public.finish_template_scrape(uuid, text, jsonb, boolean, text, timestamptz),
    public.claim_template_items(uuid, text, integer, double precision), public.finish_template_readings(text, jsonb),
    public.release_template_items(text), public.approve_sure_templates(uuid, double precision),
    public.decide_templates(jsonb), public.edit_template(uuid, jsonb),
    public.template_library(uuid, text, text, text, text, boolean, boolean, text, integer, integer),
    public.template_review(uuid, integer) from public, anon, authenticated, service_role;
grant execute on function public.begin_template_scrape(uuid, uuid, text, text, timestamptz),
    public.note_external_scrape(uuid, text), public.save_scraped_ads(uuid, jsonb),
    public.template_media_due(uuid, boolean, integer), public.save_template_media(uuid, jsonb, boolean),
    public.finish_template_scrape(uuid, text, jsonb, boolean, text, timestamptz),
    public.claim_template_items(uuid, text, integer, double precision), public.finish_template_readings(text, jsonb),
    public.release_template_items(text), public.approve_sure_templates(uuid, double precision) to service_role;
grant execute on function public.decide_templates(jsonb), public.edit_template(uuid, jsonb),
    public.template_library(uuid, text, text, text, text, boolean, boolean, text, integer, integer),
    public.template_review(uuid, integer) to authenticated, service_role;
