-- Pages that ads lead to: what each said when it was last read, and when that changed.

create table public.landing_pages (
    brand_id uuid not null references public.brands on delete cascade,
    canonical_url text not null,
    id uuid not null unique default gen_random_uuid(),
    final_url text,
    status text not null check (status in ('ok', 'refused', 'failed')),
    reason text,
    http_status integer,
    title text,
    heading text,
    description text,
    text text,
    above_fold text,
    content_hash text check (content_hash ~ '^[0-9a-f]{64}$'),
    fetched_at timestamptz,
    checked_at timestamptz not null,
    changed_at timestamptz,
    tries integer not null default 0,
    next_try_at timestamptz not null,
    primary key (brand_id, canonical_url),
    check (status <> 'ok' or content_hash is not null),
    check (status = 'ok' or reason is not null)
);
create index landing_pages_by_hash on public.landing_pages (brand_id, content_hash);
comment on column public.landing_pages.status is 'The last attempt: refused will not pass soon, failed may. What was read before stays beside it.';
comment on column public.landing_pages.fetched_at is 'When the content that is stored was first read; checked_at moves with every attempt.';
comment on column public.landing_pages.changed_at is 'When the content was last found to be another than before; null while it has been the same.';
comment on column public.landing_pages.tries is 'Attempts in a row that gave no page.';

create table public.landing_page_versions (
    brand_id uuid not null,
    canonical_url text not null,
    content_hash text not null,
    title text,
    heading text,
    text text,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    primary key (brand_id, canonical_url, content_hash),
    foreign key (brand_id, canonical_url) references public.landing_pages on delete cascade
);

-- A link stands before its page was fetched for the first time, so it names the address and not a row.
create table public.ad_landing_links (
    brand_id uuid not null references public.brands on delete cascade,
    ad_id text not null,
    canonical_url text not null,
    primary key (brand_id, ad_id)
);
create index ad_landing_links_by_page on public.ad_landing_links (brand_id, canonical_url);

do $$
declare
    t text;
begin
    foreach t in array array['landing_pages', 'landing_page_versions', 'ad_landing_links'] loop
        execute format('alter table public.%I enable row level security', t);
        execute format('revoke all on public.%I from anon, authenticated', t);
        execute format('grant select on public.%I to authenticated', t);
        execute format('create policy members_read on public.%I for select to authenticated
                        using (brand_id in (select app.my_brands()))', t);
    end loop;
end $$;

-- Every ad of a brand with a link: [{ad_id, link_url}].
create function public.landing_ads(p_brand uuid) returns jsonb
language sql stable set search_path = '' set statement_timeout = '60s' as $$
    select coalesce(jsonb_agg(jsonb_build_object('ad_id', ad_id, 'link_url', link_url)), '[]')
    from public.ads where brand_id = p_brand and link_url is not null
$$;

-- All links of a brand at once, [{ad_id, canonical_url}]: an ad that is not in it leads nowhere any more. Counts changes.
create function public.link_landing_pages(p_brand uuid, p_links jsonb) returns integer
language plpgsql security definer set search_path = '' set statement_timeout = '60s' as $$
declare
    v_set integer;
    v_removed integer;
begin
    delete from public.ad_landing_links t
    where t.brand_id = p_brand
      and t.ad_id not in (select l.ad_id from jsonb_to_recordset(p_links) as l(ad_id text, canonical_url text)
                          where l.ad_id is not null and l.canonical_url is not null);
    get diagnostics v_removed = row_count;
    insert into public.ad_landing_links as t (brand_id, ad_id, canonical_url)
    select distinct on (l.ad_id) p_brand, l.ad_id, l.canonical_url
    from jsonb_to_recordset(p_links) as l(ad_id text, canonical_url text)
    where l.ad_id is not null and l.canonical_url is not null
    order by l.ad_id, l.canonical_url
    on conflict (brand_id, ad_id) do update set canonical_url = excluded.canonical_url
    where t.canonical_url <> excluded.canonical_url;
    get diagnostics v_set = row_count;
    if v_set + v_removed > 0 then
        perform app.touch_brand(p_brand);
    end if;
    return v_set + v_removed;
end $$;

-- Linked pages never fetched, or whose time has come again; those behind the highest spend of the last 30 days first.
create function public.landing_pages_due(p_brand uuid, p_now timestamptz default now(), p_limit integer default 1000)
returns jsonb
language sql stable set search_path = '' set statement_timeout = '60s' set enable_nestloop = off as $$
    with spend as (
        select ad_id, sum(spend) as spend from public.ad_performance_daily
        where brand_id = p_brand and date > (p_now at time zone 'UTC')::date - 30 group by ad_id
    ), linked as (
        select l.canonical_url, coalesce(sum(s.spend), 0) as spend
        from public.ad_landing_links l left join spend s using (ad_id)
        where l.brand_id = p_brand group by l.canonical_url
    ), due as (
        select l.canonical_url, l.spend, coalesce(p.tries, 0) as tries, p.content_hash
        from linked l left join public.landing_pages p on p.brand_id = p_brand and p.canonical_url = l.canonical_url
        where p.canonical_url is null or p.next_try_at <= p_now
    )
    select jsonb_build_object(
        'total', (select count(*) from due),
        'items', coalesce((select jsonb_agg(to_jsonb(d) order by d.spend desc, d.canonical_url)
            from (select * from due order by spend desc, canonical_url limit p_limit) d), '[]'))
$$;

-- One attempt at a page, with its version where it gave content. Without a content_hash what was read before stays.
-- Says whether the content is new: 'new', 'changed', 'unchanged', or null where there is none.
create function public.save_landing_page(p_brand uuid, p_page jsonb) returns text
language plpgsql security definer set search_path = '' set statement_timeout = '60s' as $$
declare
    v public.landing_pages := jsonb_populate_record(null::public.landing_pages, p_page);
    v_before text;
    v_known boolean;
    v_news text;
begin
    -- Two workers with one page: the second sees what the first has written.
    perform pg_advisory_xact_lock(hashtext(p_brand::text || v.canonical_url));
    select content_hash, true into v_before, v_known from public.landing_pages
    where brand_id = p_brand and canonical_url = v.canonical_url;
    v_news := case when v.content_hash is null then null when v_before is null then 'new'
        when v_before <> v.content_hash then 'changed' else 'unchanged' end;
    insert into public.landing_pages as t (brand_id, canonical_url, final_url, status, reason, http_status, title,
        heading, description, text, above_fold, content_hash, fetched_at, checked_at, changed_at, tries, next_try_at)
    values (p_brand, v.canonical_url, v.final_url, v.status, v.reason, v.http_status, v.title, v.heading, v.description,
        v.text, v.above_fold, v.content_hash, case when v.content_hash is not null then v.checked_at end, v.checked_at,
        null, coalesce(v.tries, 0), v.next_try_at)
    on conflict (brand_id, canonical_url) do update set
        status = excluded.status, reason = excluded.reason, http_status = excluded.http_status,
        final_url = coalesce(excluded.final_url, t.final_url), checked_at = excluded.checked_at,
        tries = excluded.tries, next_try_at = excluded.next_try_at;
    if v_known and v_news in ('new', 'changed') then
        update public.landing_pages set title = v.title, heading = v.heading, description = v.description,
            text = v.text, above_fold = v.above_fold, content_hash = v.content_hash, fetched_at = v.checked_at,
            changed_at = case v_news when 'changed' then v.checked_at else changed_at end
        where brand_id = p_brand and canonical_url = v.canonical_url;
    end if;
    if v_news is not null then
        insert into public.landing_page_versions as t (brand_id, canonical_url, content_hash, title, heading, text,
            first_seen_at, last_seen_at)
        values (p_brand, v.canonical_url, v.content_hash, v.title, v.heading, v.text, v.checked_at, v.checked_at)
        on conflict (brand_id, canonical_url, content_hash) do update set
            last_seen_at = greatest(t.last_seen_at, excluded.last_seen_at);
    end if;
    if v_news in ('new', 'changed') then
        perform app.touch_brand(p_brand);
    end if;
    return v_news;
end $$;

-- The words behind each of these content hashes, by hash; one that is not stored is not in it.
create function public.landing_texts(p_brand uuid, p_hashes text[]) returns jsonb
language sql stable set search_path = '' set statement_timeout = '60s' as $$
    select coalesce(jsonb_object_agg(content_hash, page), '{}') from (
        select distinct on (content_hash) content_hash, jsonb_build_object('title', title, 'heading', heading,
            'description', description, 'text', text, 'above_fold', above_fold) as page
        from public.landing_pages where brand_id = p_brand and content_hash = any (p_hashes)
        order by content_hash, canonical_url) found
$$;

revoke all on function public.landing_ads(uuid), public.link_landing_pages(uuid, jsonb),
    public.landing_pages_due(uuid, timestamptz, integer), public.save_landing_page(uuid, jsonb),
    public.landing_texts(uuid, text[]) from public, anon, authenticated;
grant execute on function public.landing_ads(uuid), public.link_landing_pages(uuid, jsonb),
    public.landing_pages_due(uuid, timestamptz, integer), public.save_landing_page(uuid, jsonb),
    public.landing_texts(uuid, text[]) to service_role;
