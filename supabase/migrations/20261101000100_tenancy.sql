-- Who may see what. Organisations own brands; everything else hangs off a brand.

create schema if not exists app;
comment on schema app is 'Functions behind row level security. Not exposed over HTTP.';
revoke all on schema app from public;
grant usage on schema app to authenticated, service_role;

create table public.organizations (
    id uuid primary key default gen_random_uuid(),
    name text not null check (length(trim(name)) between 1 and 200),
    created_at timestamptz not null default now()
);

create table public.memberships (
    organization_id uuid not null references public.organizations on delete cascade,
    user_id uuid not null references auth.users on delete cascade,
    role text not null check (role in ('owner', 'editor', 'viewer')),
    created_at timestamptz not null default now(),
    primary key (organization_id, user_id)
);
create index memberships_by_user on public.memberships (user_id);

create table public.brands (
    id uuid primary key default gen_random_uuid(),
    organization_id uuid not null references public.organizations on delete cascade,
    name text not null check (length(trim(name)) between 1 and 200),
    aliases text[] not null default '{}',
    goal text check (goal ~ '^[a-z_]{1,40}$'),
    target_cpa numeric(18, 6) check (target_cpa > 0),
    target_roas numeric(18, 6) check (target_roas > 0),
    currency text check (currency ~ '^[A-Z]{3}$'),
    created_at timestamptz not null default now()
);
create unique index brands_name on public.brands (organization_id, lower(name));

-- Moves whenever anything an analysis reads moves; kept apart so that a sync never locks the brand's own row.
create table public.brand_data_versions (
    brand_id uuid primary key references public.brands on delete cascade,
    version bigint not null default 0,
    changed_at timestamptz not null default now()
);

create function app.my_organizations() returns setof uuid
language sql stable security definer set search_path = '' as $$
    select organization_id from public.memberships where user_id = auth.uid()
$$;

create function app.my_brands() returns setof uuid
language sql stable security definer set search_path = '' as $$
    select b.id from public.brands b
    join public.memberships m using (organization_id)
    where m.user_id = auth.uid()
$$;

create function app.my_writable_brands() returns setof uuid
language sql stable security definer set search_path = '' as $$
    select b.id from public.brands b
    join public.memberships m using (organization_id)
    where m.user_id = auth.uid() and m.role in ('owner', 'editor')
$$;

create function app.my_writable_organizations() returns setof uuid
language sql stable security definer set search_path = '' as $$
    select organization_id from public.memberships
    where user_id = auth.uid() and role in ('owner', 'editor')
$$;

-- The worker's key bypasses row level security; functions that run as their owner must ask for it by name.
create function app.is_service() returns boolean
language sql stable set search_path = '' as $$
    select coalesce(auth.role() = 'service_role', false)
$$;

create function app.may_write(p_brand uuid) returns boolean
language sql stable security definer set search_path = '' as $$
    select app.is_service() or p_brand in (select app.my_writable_brands())
$$;

create function app.touch_brand(p_brand uuid) returns void
language sql security definer set search_path = '' as $$
    insert into public.brand_data_versions as v (brand_id, version) values (p_brand, 1)
    on conflict (brand_id) do update set version = v.version + 1, changed_at = now()
$$;

revoke all on all functions in schema app from public, anon, authenticated;
grant execute on function app.my_organizations(), app.my_brands(), app.my_writable_brands(),
    app.my_writable_organizations(), app.is_service(), app.may_write(uuid) to authenticated, service_role;

alter table public.organizations enable row level security;
alter table public.memberships enable row level security;
alter table public.brands enable row level security;
alter table public.brand_data_versions enable row level security;

revoke all on public.organizations, public.memberships, public.brands, public.brand_data_versions
    from anon, authenticated;
grant select on public.organizations, public.memberships, public.brands, public.brand_data_versions
    to authenticated;
grant insert (organization_id, name, aliases, goal, target_cpa, target_roas, currency),
    update (name, aliases, goal, target_cpa, target_roas, currency) on public.brands to authenticated;

create policy members_read on public.organizations for select to authenticated
    using (id in (select app.my_organizations()));
create policy members_read on public.memberships for select to authenticated
    using (organization_id in (select app.my_organizations()));
-- By organisation, not by my_brands(): that function cannot see a row while it is being inserted.
create policy members_read on public.brands for select to authenticated
    using (organization_id in (select app.my_organizations()));
create policy editors_insert on public.brands for insert to authenticated
    with check (organization_id in (select app.my_writable_organizations()));
create policy editors_update on public.brands for update to authenticated
    using (organization_id in (select app.my_writable_organizations()))
    with check (organization_id in (select app.my_writable_organizations()));
create policy members_read on public.brand_data_versions for select to authenticated
    using (brand_id in (select app.my_brands()));

-- The first user of an installation makes the organisation; afterwards this refuses.
create function public.create_first_organization(p_name text) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
    v_id uuid;
begin
    if auth.uid() is null then
        raise exception 'Sign in before creating the organisation.' using errcode = '42501';
    end if;
    perform pg_advisory_xact_lock(hashtext('create_first_organization'));
    if exists (select 1 from public.organizations) then
        raise exception 'This installation already has an organisation; ask its owner for an invitation.'
            using errcode = '42501';
    end if;
    insert into public.organizations (name) values (p_name) returning id into v_id;
    insert into public.memberships (organization_id, user_id, role) values (v_id, auth.uid(), 'owner');
    return v_id;
end $$;

-- The embedded stack's owner, made by the process that starts the database; callable by no HTTP role.
create function public.create_local_organization(owner uuid) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
    v_id uuid;
begin
    select organization_id into v_id from public.memberships where user_id = owner order by created_at limit 1;
    if v_id is null then
        insert into public.organizations (name) values ('My organisation') returning id into v_id;
        insert into public.memberships (organization_id, user_id, role) values (v_id, owner, 'owner');
    end if;
    return v_id;
end $$;

-- Which migration the database is at, so that an app older or newer than its schema says so at start.
create function public.schema_version() returns text
language sql stable security definer set search_path = '' as $$
    select max(version) from supabase_migrations.schema_migrations
$$;

revoke all on function public.create_first_organization(text) from public, anon, authenticated;
grant execute on function public.create_first_organization(text) to authenticated;
revoke all on function public.create_local_organization(uuid) from public, anon, authenticated, service_role;
revoke all on function public.schema_version() from public, anon, authenticated;
grant execute on function public.schema_version() to anon, authenticated, service_role;
