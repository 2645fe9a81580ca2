-- Who works in an organisation: owners invite by e-mail, and whoever proves that e-mail joins.

create table public.invitations (
    id uuid primary key default gen_random_uuid(),
    organization_id uuid not null references public.organizations on delete cascade,
    email text not null check (email = lower(trim(email)) and email ~ '^[^@\s]+@[^@\s]+$' and length(email) <= 254),
    role text not null check (role in ('owner', 'editor', 'viewer')),
    invited_by uuid references auth.users on delete set null,
    created_at timestamptz not null default now(),
    unique (organization_id, email)
);
alter table public.invitations enable row level security;
revoke all on public.invitations from anon, authenticated;
grant select on public.invitations to authenticated;

create function app.my_owned_organizations() returns setof uuid
language sql stable security definer set search_path = '' as $$
    select organization_id from public.memberships where user_id = auth.uid() and role = 'owner'
$$;
create policy owners_read on public.invitations for select to authenticated
    using (organization_id in (select app.my_owned_organizations()));

-- Changes of who belongs to an organisation wait for each other, so that two owners cannot dismiss one another, and
-- whoever was dismissed meanwhile is refused. Not FOR UPDATE, which would also hold up new brands.
create function app.require_owner(p_organization uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
    for i in 1 .. 2 loop
        if not exists (select 1 from public.memberships
            where organization_id = p_organization and user_id = auth.uid() and role = 'owner') then
            raise exception 'Only an owner of the organisation may do this.' using errcode = '42501';
        end if;
        perform 1 from public.organizations where id = p_organization for no key update;
    end loop;
end $$;

create function public.invite_member(p_organization uuid, p_email text, p_role text) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
    v_id uuid;
begin
    perform app.require_owner(p_organization);
    if p_role is null or p_role not in ('owner', 'editor', 'viewer') then
        raise exception 'A role is owner, editor or viewer.' using errcode = '22023';
    end if;
    if lower(trim(p_email)) !~ '^[^@\s]+@[^@\s]+\.[^@\s]+$' or length(trim(p_email)) > 254 or p_email is null then
        raise exception 'That is not an e-mail address; check it for typing errors.' using errcode = '22023';
    end if;
    if exists (select 1 from public.memberships m join auth.users u on u.id = m.user_id
        where m.organization_id = p_organization and lower(u.email) = lower(trim(p_email))) then
        raise exception 'This person is a member already; change the role instead.' using errcode = '22023';
    end if;
    insert into public.invitations (organization_id, email, role, invited_by)
    values (p_organization, lower(trim(p_email)), p_role, auth.uid())
    on conflict (organization_id, email) do update set role = excluded.role, invited_by = excluded.invited_by,
        created_at = now()
    returning id into v_id;
    return v_id;
end $$;

create function public.withdraw_invitation(p_invitation uuid) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
    delete from public.invitations
    where id = p_invitation and organization_id in (select app.my_owned_organizations());
    return found;
end $$;

-- Joins the signed-in user to every organisation that invited the e-mail address it has confirmed.
create function public.accept_invitations() returns integer
language plpgsql security definer set search_path = '' as $$
declare
    v_email text;
    v_joined integer;
begin
    select lower(email) into v_email from auth.users where id = auth.uid() and email_confirmed_at is not null;
    if v_email is null then
        return 0;
    end if;
    with accepted as (
        delete from public.invitations where email = v_email returning organization_id, role
    )
    insert into public.memberships (organization_id, user_id, role)
    select organization_id, auth.uid(), role from accepted
    on conflict (organization_id, user_id) do nothing;
    get diagnostics v_joined = row_count;
    return v_joined;
end $$;

create function public.members(p_organization uuid) returns jsonb
language sql stable security definer set search_path = '' as $$
    select coalesce(jsonb_agg(jsonb_build_object('user_id', m.user_id, 'email', u.email, 'role', m.role,
        'since', m.created_at) order by m.created_at, m.user_id), '[]')
    from public.memberships m join auth.users u on u.id = m.user_id
    where m.organization_id = p_organization and p_organization in (select app.my_organizations())
$$;

-- Call it while the organisation is locked.
create function app.require_another_owner(p_organization uuid, p_user uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
    if not exists (select 1 from public.memberships
        where organization_id = p_organization and role = 'owner' and user_id <> p_user) then
        raise exception 'An organisation keeps at least one owner; make somebody else an owner first.'
            using errcode = '22023';
    end if;
end $$;

create function public.set_member_role(p_organization uuid, p_user uuid, p_role text) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
    perform app.require_owner(p_organization);
    if p_role is null or p_role not in ('owner', 'editor', 'viewer') then
        raise exception 'A role is owner, editor or viewer.' using errcode = '22023';
    end if;
    if p_role <> 'owner' then
        perform app.require_another_owner(p_organization, p_user);
    end if;
    update public.memberships set role = p_role where organization_id = p_organization and user_id = p_user;
    return found;
end $$;

create function public.remove_member(p_organization uuid, p_user uuid) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
    -- Anybody may leave; sending somebody else away is the owners'.
    if p_user is distinct from auth.uid() then
        perform app.require_owner(p_organization);
    elsif p_organization not in (select app.my_organizations()) then
        return false;
    else
        perform 1 from public.organizations where id = p_organization for no key update;
    end if;
    perform app.require_another_owner(p_organization, p_user);
    delete from public.memberships where organization_id = p_organization and user_id = p_user;
    return found;
end $$;

-- Whether the person who signs in is the first of this installation and so makes its organisation.
create function public.awaits_first_organization() returns boolean
language sql stable security definer set search_path = '' as $$
    select not exists (select 1 from public.organizations)
$$;

revoke all on function public.invite_member(uuid, text, text), public.withdraw_invitation(uuid),
    public.accept_invitations(), public.members(uuid), public.set_member_role(uuid, uuid, text),
    public.remove_member(uuid, uuid), public.awaits_first_organization(), app.my_owned_organizations(),
    app.require_owner(uuid), app.require_another_owner(uuid, uuid) from public, anon, authenticated;
grant execute on function public.invite_member(uuid, text, text), public.withdraw_invitation(uuid),
    public.accept_invitations(), public.members(uuid), public.set_member_role(uuid, uuid, text),
    public.remove_member(uuid, uuid), public.awaits_first_organization(), app.my_owned_organizations()
    to authenticated, service_role;
