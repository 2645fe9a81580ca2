-- What people do on the Data and Ad Scheduler pages: connect an ad account, hand a file to the worker, count runs.

-- Writes a token that no browser role can read back. What it says of a failure never holds the token.
create function public.connect_account(p_brand uuid, p_account_id text, p_token text) returns void
language plpgsql security definer set search_path = '' as $$
begin
    if p_brand is null or not app.may_write(p_brand) then
        raise exception 'There is no such brand, or you may not connect an account to it.' using errcode = '42501';
    end if;
    if p_account_id is null or p_account_id !~ '^act_[0-9]{1,20}$' then
        raise exception 'An ad account''s id is act_ and its number, as in the address of Ads Manager.'
            using errcode = '22023';
    end if;
    if p_token is null or length(p_token) not between 20 and 2000 or p_token !~ '^[!-~]+$' then
        raise exception 'This is no access token: it is one word of at least 20 characters; copy it again.'
            using errcode = '22023';
    end if;
    insert into public.ad_accounts as a (brand_id, account_id, source) values (p_brand, p_account_id, 'meta')
    on conflict (brand_id, account_id) do update set status = 'active', status_reason = null, updated_at = now()
    where a.source = 'meta';
    if not found then
        raise exception 'This is the demo account; it needs no token.' using errcode = '22023';
    end if;
    insert into public.ad_account_secrets (brand_id, account_id, access_token)
    values (p_brand, p_account_id, p_token)
    on conflict (brand_id, account_id) do update set access_token = excluded.access_token, updated_at = now();
end $$;
revoke all on function public.connect_account(uuid, text, text) from public, anon, authenticated;
grant execute on function public.connect_account(uuid, text, text) to authenticated, service_role;

-- How often each schedule has run, and how many of its newest runs succeeded in a row. Runs as its caller.
create function public.job_statistics() returns jsonb
language sql stable set search_path = '' as $$
    select coalesce(jsonb_object_agg(job_id, jsonb_build_object('runs', runs, 'streak', streak)), '{}') from (
        select job_id, count(*) filter (where state <> 'skipped') as runs,
            count(*) filter (where state = 'succeeded' and failures = 0) as streak
        from (
            select job_id, state, count(*) filter (where state in ('failed', 'timed_out'))
                over (partition by job_id order by created_at desc, id) as failures
            from public.scheduled_job_runs) newest_first
        group by job_id) counted
$$;
revoke all on function public.job_statistics() from public, anon, authenticated;
grant execute on function public.job_statistics() to authenticated, service_role;

-- Files to import go in under their brand's id, and only the worker's key, which passes policies, takes them out.
create policy editors_upload_imports on storage.objects for insert to authenticated
    with check (bucket_id = 'imports' and (storage.foldername(name))[1] in (select app.my_writable_brands()::text));
