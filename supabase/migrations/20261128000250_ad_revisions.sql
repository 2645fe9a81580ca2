-- Words and looks of made ads that somebody changed: the ad has the newest version, and what it was before is kept.

alter table public.generated_ads
    add column revision integer not null default 1 check (revision > 0),
    add column revised_at timestamptz,
    add column revised_by uuid,
    add column revised_in uuid;
comment on column public.generated_ads.revised_in is 'The job run that made this version, so that a later attempt of it changes nothing.';

-- A version that was replaced: how it was, and what became of it.
create table public.generated_ad_revisions (
    brand_id uuid not null,
    ad_id uuid not null,
    revision integer not null check (revision > 0),
    copy jsonb not null check (jsonb_typeof(copy) = 'object'),
    images jsonb not null check (jsonb_typeof(images) = 'array'),
    findings jsonb not null default '[]',
    status text not null,
    writer text not null check (length(writer) <= 100),
    made_by uuid,
    made_at timestamptz not null,
    replaced_at timestamptz not null default now(),
    primary key (brand_id, ad_id, revision),
    foreign key (brand_id, ad_id) references public.generated_ads (brand_id, id) on delete cascade
);
comment on column public.generated_ad_revisions.made_by is 'Who asked for this version; null for the one that its run made.';

alter table public.generated_ad_revisions enable row level security;
revoke all on public.generated_ad_revisions from anon, authenticated;
grant select on public.generated_ad_revisions to authenticated;
create policy members_read on public.generated_ad_revisions for select to authenticated
    using (brand_id in (select app.my_brands()));

-- One made ad with what drawing it anew takes: its columns, `images`, `run` {sizes, parameters}, its template, and
-- `siblings` {size: [phash]} of the other ads of its run. Null where it is gone or not visible.
create function public.generated_ad(p_brand uuid, p_ad uuid) returns jsonb
language sql stable set search_path = '' as $$
    select to_jsonb(a) || jsonb_build_object(
        'images', (select coalesce(jsonb_agg(to_jsonb(i) - array['brand_id', 'ad_id'] order by i.size), '[]')
            from public.generated_ad_images i where i.brand_id = a.brand_id and i.ad_id = a.id),
        'run', (select jsonb_build_object('sizes', r.sizes, 'parameters', r.parameters)
            from public.creation_runs r where r.brand_id = a.brand_id and r.id = a.run_id),
        'template', (select jsonb_build_object('name', t.name, 'storage_key', t.storage_key)
            from public.templates t where t.id = a.template_id),
        'siblings', (select coalesce(jsonb_object_agg(s.size, s.hashes), '{}') from (
            select i.size, jsonb_agg(i.phash order by i.ad_id) as hashes
            from public.generated_ads o join public.generated_ad_images i on i.brand_id = o.brand_id and i.ad_id = o.id
            where o.brand_id = a.brand_id and o.run_id = a.run_id and o.id <> a.id and i.phash is not null
            group by i.size) s))
    from public.generated_ads a where a.brand_id = p_brand and a.id = p_ad
$$;

-- Replaces words and pictures of an ad by a new version, all at once; what was there is kept. Gives the revision that stands:
-- that of the same job run where it has stored its version before, null where somebody else has changed the ad meanwhile.
-- A new version wants a person's look, whatever was said of the one before.
create function public.revise_generated_ad(p_brand uuid, p_ad uuid, p_revision integer, p_run uuid, p_version jsonb,
    p_images jsonb) returns integer
language plpgsql security definer set search_path = '' as $$
declare
    v public.generated_ads;
begin
    select * into v from public.generated_ads where brand_id = p_brand and id = p_ad for update;
    if v.id is null or (v.revision <> p_revision and v.revised_in is distinct from p_run) then
        return null;
    end if;
    if v.revised_in is not distinct from p_run then
        return v.revision;
    end if;
    insert into public.generated_ad_revisions (brand_id, ad_id, revision, copy, images, findings, status, writer, made_by,
        made_at)
    select p_brand, p_ad, v.revision, v.copy, (select coalesce(jsonb_agg(to_jsonb(i) - array['brand_id', 'ad_id']
            order by i.size), '[]')
        from public.generated_ad_images i where i.brand_id = p_brand and i.ad_id = p_ad),
        v.findings, v.status, v.writer, v.revised_by, coalesce(v.revised_at, v.created_at);
    update public.generated_ads set copy = p_version -> 'copy', findings = p_version -> 'findings',
        writer = p_version ->> 'writer', status = 'needs_person', decided_how = null, decided_by = null, decided_at = null,
        note = null, revision = v.revision + 1, revised_at = now(), revised_in = p_run,
        revised_by = (select j.created_by from public.scheduled_job_runs r join public.scheduled_jobs j on j.id = r.job_id
            where r.id = p_run)
    where brand_id = p_brand and id = p_ad;
    insert into public.generated_ad_images as t (brand_id, ad_id, size, sha256, mime, bytes, width, height, phash, maker,
        label, look, scene_sha256)
    select p_brand, p_ad, i.size, i.sha256, i.mime, i.bytes, i.width, i.height, i.phash, i.maker, i.label, i.look,
        i.scene_sha256
    from jsonb_to_recordset(p_images) as i(size text, sha256 text, mime text, bytes integer, width integer,
        height integer, phash text, maker text, label text, look jsonb, scene_sha256 text)
    on conflict (brand_id, ad_id, size) do update set sha256 = excluded.sha256, mime = excluded.mime,
        bytes = excluded.bytes, width = excluded.width, height = excluded.height, phash = excluded.phash,
        maker = excluded.maker, label = excluded.label, look = excluded.look,
        scene_sha256 = excluded.scene_sha256, made_at = now();
    return v.revision + 1;
end $$;

-- The earlier versions of a run's ads, [{ad_id, revision, copy, images, status, writer, made_by, made_at, replaced_at}],
-- newest first.
create function public.generated_ad_history(p_brand uuid, p_run uuid) returns jsonb
language sql stable set search_path = '' as $$
    select coalesce(jsonb_agg(to_jsonb(h) - array['brand_id', 'findings'] order by h.ad_id, h.revision desc), '[]')
    from public.generated_ads a
    join lateral (select * from public.generated_ad_revisions h where h.brand_id = p_brand and h.ad_id = a.id
        order by h.revision desc limit 20) h on true
    where a.brand_id = p_brand and a.run_id = p_run
$$;

-- A person's word on ads that were made, [{id, decision: approve | reject, note?, revision?}]: how many it
-- changed. With a revision it is about that version alone: nobody approves one that was drawn meanwhile unseen.
create or replace function public.decide_generated_ads(p_brand uuid, p_decisions jsonb) returns integer
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
    from jsonb_to_recordset(p_decisions) as d(id uuid, decision text, note text, revision integer)
    where a.brand_id = p_brand and a.id = d.id and a.status <> 'drafted'
      and (d.revision is null or a.revision = d.revision)
      and (a.status, a.decided_how) is distinct from (case d.decision when 'approve' then 'approved' else 'rejected' end,
        'person');
    get diagnostics v_changed = row_count;
    return v_changed;
end $$;

revoke all on function public.generated_ad(uuid, uuid),
    public.revise_generated_ad(uuid, uuid, integer, uuid, jsonb, jsonb), public.generated_ad_history(uuid, uuid)
    from public, anon, authenticated, service_role;
grant execute on function public.revise_generated_ad(uuid, uuid, integer, uuid, jsonb, jsonb) to service_role;
grant execute on function public.generated_ad(uuid, uuid), public.generated_ad_history(uuid, uuid)
    to authenticated, service_role;
