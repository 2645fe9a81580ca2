-- How far a classifier's labels agree with people's, so that the app shows how far a label can be trusted. Measured on
-- labelled files, not on an account: it belongs to no brand, and every member of the installation may read it.

create table public.classifier_evaluations (
    id uuid primary key default gen_random_uuid(),
    classifier text not null check (length(classifier) between 1 and 200),
    part text not null check (length(part) between 1 and 200),
    n integer not null check (n > 0),
    kappa numeric(6, 4) check (kappa between -1 and 1),
    low numeric(6, 4) check (low between -1 and 1),
    high numeric(6, 4) check (high between -1 and 1),
    detail jsonb not null,
    created_at timestamptz not null default now()
);
comment on table public.classifier_evaluations is 'part: open or held_out of the golden set, or the name of a file. kappa is NULL where it does not exist. detail: per_class and confusion.';
create index classifier_evaluations_newest on public.classifier_evaluations (classifier, part, created_at desc);

alter table public.classifier_evaluations enable row level security;
revoke all on public.classifier_evaluations from anon, authenticated;
grant select on public.classifier_evaluations to authenticated;
grant all on public.classifier_evaluations to service_role;
create policy members_read on public.classifier_evaluations for select to authenticated
    using (exists (select 1 from app.my_organizations()));
