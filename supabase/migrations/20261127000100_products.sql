-- What a brand sells, and all that an ad may say of it: facts, offers, words that are banned, and photos.

-- Whether a list of texts is within bounds: at most `p_most`, none empty, none longer than `p_longest` characters.
create function app.texts_fit(p_texts text[], p_most integer, p_longest integer) returns boolean
language sql immutable set search_path = '' as $$
    select coalesce(array_ndims(p_texts), 1) = 1 and cardinality(p_texts) <= p_most
        and not exists (select 1 from unnest(p_texts) t where t is null or length(trim(t)) = 0 or length(t) > p_longest)
$$;

-- Whether offers have their form: at most 20 of {text, code?, price?, valid_until?}. A day that no calendar has raises.
create function app.offers_fit(p_offers jsonb) returns boolean
language sql immutable set search_path = '' as $$
    select case when jsonb_typeof(p_offers) <> 'array' then false else
        jsonb_array_length(p_offers) <= 20 and not exists (
            select 1 from jsonb_array_elements(p_offers) o
            where case when jsonb_typeof(o) <> 'object' then true else
                o - array['text', 'code', 'price', 'valid_until'] <> '{}'
                or coalesce(length(trim(o ->> 'text')), 0) not between 1 and 200
                or coalesce(o ->> 'code', 'X') !~ '^[^[:space:]]{1,40}$'
                or coalesce(o ->> 'price', '0') !~ '^[0-9]{1,12}(\.[0-9]{1,6})?$'
                or case when o ->> 'valid_until' is null then false
                    when o ->> 'valid_until' !~ '^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}$' then true
                    else make_date(split_part(o ->> 'valid_until', '-', 1)::integer,
                        split_part(o ->> 'valid_until', '-', 2)::integer,
                        split_part(o ->> 'valid_until', '-', 3)::integer) is null end
            end) end
$$;
revoke all on function app.texts_fit(text[], integer, integer), app.offers_fit(jsonb) from public, anon, authenticated;
-- A check runs as whoever writes the row.
grant execute on function app.texts_fit(text[], integer, integer), app.offers_fit(jsonb) to authenticated, service_role;

create table public.products (
    brand_id uuid not null references public.brands on delete cascade,
    id uuid not null unique default gen_random_uuid(),
    name text not null check (length(trim(name)) between 1 and 200),
    url text check (length(url) <= 2000 and url ~ '^https?://[^[:space:]]+$'),
    price numeric(18, 6) check (price > 0),
    currency text check (currency ~ '^[A-Z]{3}$'),
    facts text[] not null default '{}' check (app.texts_fit(facts, 40, 300)),
    benefits text[] not null default '{}' check (app.texts_fit(benefits, 40, 200)),
    hooks text[] not null default '{}' check (app.texts_fit(hooks, 40, 200)),
    banned_claims text[] not null default '{}' check (app.texts_fit(banned_claims, 100, 200)),
    offers jsonb not null default '[]' check (app.offers_fit(offers)),
    colours text[] not null default '{}' check (app.texts_fit(colours, 12, 7)
        and array_to_string(colours, '') ~ '^(#[0-9a-f]{6})*$'),
    audience text check (length(audience) <= 1000),
    archived_at timestamptz,
    revision integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (brand_id, id),
    check (price is null or currency is not null)
);
create unique index products_name on public.products (brand_id, lower(name));
comment on column public.products.facts is 'What is true of it and may be claimed; prices, shares and superlatives only as they stand here.';
comment on column public.products.hooks is 'Opening lines that somebody approved.';
comment on column public.products.banned_claims is 'What no ad may say, in any spelling.';
comment on column public.products.offers is '[{text, code?, price?, valid_until?}]; the price is in the product''s currency, the day is the last it holds.';
comment on column public.products.colours is 'Of the brand, as #rrggbb, the most important first.';
comment on column public.products.revision is 'Moves with every change of the texts, so that of two people who edit at once the second is told.';

create table public.product_photos (
    brand_id uuid not null,
    product_id uuid not null,
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    storage_key text not null generated always as (brand_id::text || '/' || sha256) stored,
    mime text not null check (mime in ('image/jpeg', 'image/png', 'image/webp')),
    bytes integer not null check (bytes between 1 and 20971520),
    width integer not null check (width between 1 and 20000),
    height integer not null check (height between 1 and 20000),
    position integer not null check (position between 0 and 11),
    created_at timestamptz not null default now(),
    primary key (brand_id, product_id, sha256),
    foreign key (brand_id, product_id) references public.products (brand_id, id) on delete cascade,
    -- At the end of a statement, so that one statement may put them in another order.
    unique (brand_id, product_id, position) deferrable
);
comment on column public.product_photos.storage_key is 'In the bucket assets. Made of the row''s own brand, so that no row leads to a file of another''s.';
comment on column public.product_photos.position is 'From 0; the first is shown on lists and used before the others.';

alter table public.products enable row level security;
alter table public.product_photos enable row level security;
revoke all on public.products, public.product_photos from anon, authenticated;
grant select on public.products, public.product_photos to authenticated;
grant insert (brand_id, id, name, url, price, currency, facts, benefits, hooks, banned_claims, offers, colours, audience),
    update (name, url, price, currency, facts, benefits, hooks, banned_claims, offers, colours, audience, archived_at,
        revision, updated_at) on public.products to authenticated;
grant insert (brand_id, product_id, sha256, mime, bytes, width, height, position), update (position), delete
    on public.product_photos to authenticated;

do $$
declare
    t text;
begin
    foreach t in array array['products', 'product_photos'] loop
        execute format('create policy members_read on public.%I for select to authenticated
                        using (brand_id in (select app.my_brands()))', t);
        execute format('create policy editors_insert on public.%I for insert to authenticated
                        with check (brand_id in (select app.my_writable_brands()))', t);
        execute format('create policy editors_update on public.%I for update to authenticated
                        using (brand_id in (select app.my_writable_brands()))
                        with check (brand_id in (select app.my_writable_brands()))', t);
    end loop;
end $$;
create policy editors_delete on public.product_photos for delete to authenticated
    using (brand_id in (select app.my_writable_brands()));

-- Photos go in below their brand, named by the hash of their bytes; what is there is never replaced.
create policy editors_upload_assets on storage.objects for insert to authenticated
    with check (bucket_id = 'assets' and name ~ '^[^/]+/[0-9a-f]{64}$'
        and (storage.foldername(name))[1] in (select app.my_writable_brands()::text));

-- All products of a brand, those in use first, each with its `photos` in order. The price is text, to keep its digits.
create function public.brand_products(p_brand uuid) returns jsonb
language sql stable set search_path = '' as $$
    select coalesce(jsonb_agg(to_jsonb(p) || jsonb_build_object('price', trim_scale(p.price)::text, 'photos',
            (select coalesce(jsonb_agg(to_jsonb(f) - array['brand_id', 'product_id'] order by f.position), '[]')
            from public.product_photos f where f.brand_id = p.brand_id and f.product_id = p.id))
        order by p.archived_at is not null, lower(p.name), p.id), '[]')
    from public.products p where p.brand_id = p_brand
$$;

-- Writes a product's texts: a new one where no revision is given, else over that revision. Sent twice, it is written
-- once. Gives {id, revision}.
create function public.save_product(p_brand uuid, p_product jsonb) returns jsonb
language plpgsql set search_path = '' as $$
declare
    v public.products := jsonb_populate_record(null::public.products, p_product);
    v_kept public.products;
begin
    if not app.may_write(p_brand) then
        raise exception 'You may not change the products of this brand; ask an owner or editor.' using errcode = '42501';
    end if;
    v.id := coalesce(v.id, gen_random_uuid());
    if v.revision is null then
        insert into public.products (brand_id, id, name, url, price, currency, facts, benefits, hooks, banned_claims,
            offers, colours, audience)
        values (p_brand, v.id, trim(v.name), v.url, v.price, v.currency, coalesce(v.facts, '{}'),
            coalesce(v.benefits, '{}'), coalesce(v.hooks, '{}'), coalesce(v.banned_claims, '{}'),
            coalesce(v.offers, '[]'), coalesce(v.colours, '{}'), v.audience)
        on conflict (brand_id, id) do nothing;
    else
        update public.products set name = trim(v.name), url = v.url, price = v.price, currency = v.currency,
            facts = coalesce(v.facts, '{}'), benefits = coalesce(v.benefits, '{}'), hooks = coalesce(v.hooks, '{}'),
            banned_claims = coalesce(v.banned_claims, '{}'), offers = coalesce(v.offers, '[]'),
            colours = coalesce(v.colours, '{}'), audience = v.audience, revision = v.revision + 1, updated_at = now()
        where brand_id = p_brand and id = v.id and revision = v.revision;
        if not found then
            select * into v_kept from public.products where brand_id = p_brand and id = v.id;
            if not found then
                raise exception 'There is no such product any more; reload the page.';
            end if;
            -- The same once more is a call whose answer got lost.
            if v_kept.revision <> v.revision + 1 or
                (v_kept.name, v_kept.url, v_kept.price, v_kept.currency, v_kept.facts, v_kept.benefits, v_kept.hooks,
                    v_kept.banned_claims, v_kept.offers, v_kept.colours, v_kept.audience) is distinct from
                (trim(v.name), v.url, v.price, v.currency, coalesce(v.facts, '{}'), coalesce(v.benefits, '{}'),
                    coalesce(v.hooks, '{}'), coalesce(v.banned_claims, '{}'), coalesce(v.offers, '[]'),
                    coalesce(v.colours, '{}'), v.audience)
            then
                raise exception 'Somebody else has changed this product meanwhile; open it again and repeat your change.';
            end if;
        end if;
    end if;
    return (select jsonb_build_object('id', p.id, 'revision', p.revision) from public.products p
        where p.brand_id = p_brand and p.id = v.id);
exception when unique_violation then
    raise exception 'There is a product of this name already, in use or in the archive; choose another name.'
        using errcode = '22023';
end $$;

-- Adds photos behind those that are there, all or none: [{sha256, mime, bytes, width, height}]. One that the product
-- has is left as it is. Gives how many it has then.
create function public.add_product_photos(p_brand uuid, p_product uuid, p_photos jsonb) returns integer
language plpgsql set search_path = '' as $$
declare
    v_before integer;
    v_new integer;
begin
    if not app.may_write(p_brand) then
        raise exception 'You may not change the products of this brand; ask an owner or editor.' using errcode = '42501';
    end if;
    perform 1 from public.products where brand_id = p_brand and id = p_product for update;
    if not found then
        raise exception 'There is no such product any more; reload the page.';
    end if;
    update public.product_photos f set position = o.place from (
        select sha256, row_number() over (order by position) - 1 as place from public.product_photos
        where brand_id = p_brand and product_id = p_product) o
    where f.brand_id = p_brand and f.product_id = p_product and f.sha256 = o.sha256 and f.position <> o.place;
    select count(*) into v_before from public.product_photos where brand_id = p_brand and product_id = p_product;
    select count(distinct n.sha256) into v_new from jsonb_to_recordset(p_photos) as n(sha256 text)
    where not exists (select 1 from public.product_photos f
        where f.brand_id = p_brand and f.product_id = p_product and f.sha256 = n.sha256);
    if v_before + v_new > 12 then
        raise exception 'A product holds at most 12 photos; remove one first.' using errcode = '22023';
    end if;
    insert into public.product_photos (brand_id, product_id, sha256, mime, bytes, width, height, position)
    select p_brand, p_product, n.sha256, n.mime, n.bytes, n.width, n.height, v_before + row_number() over (order by n.place) - 1
    from (
        select distinct on (g ->> 'sha256') g ->> 'sha256' as sha256, g ->> 'mime' as mime, (g ->> 'bytes')::integer as bytes,
            (g ->> 'width')::integer as width, (g ->> 'height')::integer as height, g_place as place
        from jsonb_array_elements(p_photos) with ordinality a(g, g_place) order by g ->> 'sha256', g_place) n
    where not exists (select 1 from public.product_photos f
        where f.brand_id = p_brand and f.product_id = p_product and f.sha256 = n.sha256);
    return v_before + v_new;
end $$;

-- Puts a product's photos in this order; those that are not named come after, as they were. Gives how many moved.
create function public.order_product_photos(p_brand uuid, p_product uuid, p_order text[]) returns integer
language plpgsql set search_path = '' as $$
declare
    v_moved integer;
begin
    if not app.may_write(p_brand) then
        raise exception 'You may not change the products of this brand; ask an owner or editor.' using errcode = '42501';
    end if;
    perform 1 from public.products where brand_id = p_brand and id = p_product for update;
    update public.product_photos f set position = o.place from (
        select sha256, row_number() over (order by array_position(p_order, sha256) nulls last, position) - 1 as place
        from public.product_photos where brand_id = p_brand and product_id = p_product) o
    where f.brand_id = p_brand and f.product_id = p_product and f.sha256 = o.sha256 and f.position <> o.place;
    get diagnostics v_moved = row_count;
    return v_moved;
end $$;

revoke all on function public.brand_products(uuid), public.save_product(uuid, jsonb),
    public.add_product_photos(uuid, uuid, jsonb), public.order_product_photos(uuid, uuid, text[])
    from public, anon, authenticated;
grant execute on function public.brand_products(uuid), public.save_product(uuid, jsonb),
    public.add_product_photos(uuid, uuid, jsonb), public.order_product_photos(uuid, uuid, text[])
    to authenticated, service_role;
