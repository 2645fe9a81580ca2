-- What the worker and the pages ask about readings. They run as their caller, so row level security decides what a member
-- sees; each answers with one json value, for any number of ads.

-- As before, and the page that the ad leads to: {canonical_url, status, content_hash}, null without a link.
create or replace function public.classification_candidates(
    p_brand uuid, p_from date, p_to date, p_dataset uuid default null
) returns jsonb
language sql stable set search_path = '' set statement_timeout = '60s' set enable_nestloop = off as $$
    with spend as (
        select ad_id, sum(spend) as spend from public.ad_performance_daily
        where p_dataset is null and brand_id = p_brand and date between p_from and p_to group by ad_id
    ), media as (
        select ad_id,
            jsonb_object_agg(kind, jsonb_build_object('status', status, 'sha256', sha256, 'mime', mime, 'bytes', bytes,
                'duration_s', duration_s, 'source_key', source_key)) as media
        from public.ad_assets where p_dataset is null and brand_id = p_brand group by ad_id
    ), pages as (
        select l.ad_id, jsonb_build_object('canonical_url', l.canonical_url, 'status', p.status,
            'content_hash', p.content_hash) as page
        from public.ad_landing_links l left join public.landing_pages p
            on p.brand_id = p_brand and p.canonical_url = l.canonical_url
        where p_dataset is null and l.brand_id = p_brand
    ), candidates as (
        select a.ad_id, coalesce(s.spend, 0) as spend, a.primary_text, a.headline, a.description, a.cta,
            a.object_type, a.image_hash, a.video_id, a.link_url, m.media, g.page
        from public.ads a left join spend s using (ad_id) left join media m using (ad_id) left join pages g using (ad_id)
        where p_dataset is null and a.brand_id = p_brand
          and (s.ad_id is not null or a.effective_status = 'ACTIVE')
        union all
        select p.ad_key, coalesce(sum(p.spend), 0), max(p.primary_text), max(p.headline), max(p.description), null,
            null, null, null, null, null, null
        from public.ad_performance_period p
        join public.import_datasets d on d.id = p.dataset_id
        where p.dataset_id = p_dataset and p.brand_id = p_brand
          and (not d.daily or p.date_from between p_from and p_to)
        group by p.ad_key
    )
    select coalesce(jsonb_agg(to_jsonb(c) order by c.spend desc, c.ad_id), '[]') from candidates c
$$;

-- The last day that is there to its end, of any of the brand's accounts; null before the first.
create function public.last_full_day(p_brand uuid) returns date
language sql stable set search_path = '' set statement_timeout = '30s' as $$
    select max(d.date) from public.ad_accounts a cross join lateral (
        select p.date from public.ad_performance_daily p
        where p.brand_id = p_brand and p.account_id = a.account_id and not p.is_partial
        order by p.date desc limit 1) d
    where a.brand_id = p_brand
$$;

-- The last p_days days up to that one; nulls without one.
create function app.last_days(p_brand uuid, p_days integer) returns table (first date, last date)
language sql stable set search_path = '' as $$
    select d - p_days + 1, d from public.last_full_day(p_brand) d
$$;

-- The rank of each classifier that has a row that stands. For a brand's rows rather ask this once than a function a row.
create function app.ranks(p_brand uuid) returns table (classifier text, rank integer)
language sql stable set search_path = '' as $$
    select k.classifier, app.classifier_rank(k.classifier) from (
        select distinct c.classifier from public.ad_creative_classifications c
        where c.brand_id = p_brand and c.superseded_at is null) k
$$;

-- The row that counts for each input: the best classifier's newest; with p_ads, of the inputs of these ads. Only its labels:
-- the evidence of a whole brand is much.
create function app.best_readings(p_brand uuid, p_ads text[] default null)
returns table (id uuid, reading text, input_hash text, classifier text, rank integer, awareness text,
    awareness_confidence numeric, format text, hook text, angle text, video_length text)
language sql stable set search_path = '' as $$
    with standing as (
        select c.id, c.reading, c.input_hash, c.classifier, c.awareness, c.awareness_confidence, c.format, c.hook, c.angle,
            c.video_length, c.created_at
        from public.ad_creative_classifications c
        where p_ads is null and c.brand_id = p_brand and c.superseded_at is null
        union all
        select c.id, c.reading, c.input_hash, c.classifier, c.awareness, c.awareness_confidence, c.format, c.hook, c.angle,
            c.video_length, c.created_at
        from (select distinct l.reading, l.input_hash from public.ad_classification_links l
              where l.brand_id = p_brand and l.ad_id = any (p_ads)) i
        join public.ad_creative_classifications c using (reading, input_hash)
        where p_ads is not null and c.brand_id = p_brand and c.superseded_at is null
    )
    select distinct on (s.reading, s.input_hash) s.id, s.reading, s.input_hash, s.classifier, r.rank, s.awareness,
        s.awareness_confidence, s.format, s.hook, s.angle, s.video_length
    from standing s join app.ranks(p_brand) r using (classifier)
    order by s.reading, s.input_hash, r.rank, s.created_at desc
$$;

-- The labels of each ad, or of these: those of its creative where they say something, else those of its words; `reader` is
-- who gave the stage.
create function app.labels_of(p_brand uuid, p_ads text[] default null)
returns table (ad_id text, awareness text, awareness_confidence double precision, format text, hook text, angle text,
    video_length text, classified boolean, input_hashes jsonb, reader text)
language sql stable set search_path = '' set enable_nestloop = off as $$
    with linked as (
        select l.ad_id, l.reading, l.input_hash, b.awareness, b.awareness_confidence, b.format, b.hook, b.angle,
            b.video_length, b.classifier, b.reading is not null as covered
        from public.ad_classification_links l left join app.best_readings(p_brand, p_ads) b using (reading, input_hash)
        where l.brand_id = p_brand and (p_ads is null or l.ad_id = any (p_ads))
    )
    select c.ad_id,
        coalesce(nullif(max(awareness) filter (where reading = 'creative'), 'unclear'),
            max(awareness) filter (where reading = 'copy'), max(awareness) filter (where reading = 'creative')),
        coalesce(max(awareness_confidence) filter (where reading = 'creative' and awareness <> 'unclear'),
            max(awareness_confidence) filter (where reading = 'copy'))::double precision,
        coalesce(max(format) filter (where reading = 'creative'), max(format) filter (where reading = 'copy')),
        coalesce(nullif(max(hook) filter (where reading = 'creative'), 'unclear'), max(hook) filter (where reading = 'copy')),
        coalesce(nullif(max(angle) filter (where reading = 'creative'), 'unclear'), max(angle) filter (where reading = 'copy')),
        max(video_length) filter (where reading = 'creative'),
        bool_or(covered and reading in ('creative', 'copy')),
        jsonb_agg(input_hash order by reading) filter (where covered),
        coalesce(max(classifier) filter (where reading = 'creative' and awareness <> 'unclear'),
            max(classifier) filter (where reading = 'copy' and awareness is not null),
            max(classifier) filter (where reading = 'creative'))
    from linked c group by c.ad_id
$$;

-- As before.
create or replace function app.ad_labels(p_brand uuid)
returns table (ad_id text, awareness text, awareness_confidence double precision, format text, hook text, angle text,
    video_length text, classified boolean, input_hashes jsonb)
language sql stable set search_path = '' as $$
    select ad_id, awareness, awareness_confidence, format, hook, angle, video_length, classified, input_hashes
    from app.labels_of(p_brand)
$$;

-- One row per ad, or each of these, and component that is known: score 0 to 5, words from both sides, and who judged.
create function app.ad_congruence(p_brand uuid, p_ads text[] default null)
returns table (ad_id text, component text, weight double precision, score integer, quote_ad text, quote_page text,
    why text, basis text, classifier text, input_hash text)
language sql stable set search_path = '' set enable_nestloop = off as $$
    with linked as (
        select l.ad_id, l.input_hash from public.ad_classification_links l
        where l.brand_id = p_brand and l.reading = 'congruence' and (p_ads is null or l.ad_id = any (p_ads))
    ), ranks as (
        select k.classifier, app.classifier_rank(k.classifier) as rank from (
            select distinct c.classifier from public.congruence_components c
            where c.brand_id = p_brand and c.superseded_at is null) k
    ), best as (
        select distinct on (c.input_hash) c.*
        from public.congruence_components c join ranks r using (classifier)
        where c.brand_id = p_brand and c.superseded_at is null and c.input_hash in (select input_hash from linked)
        order by c.input_hash, r.rank, c.created_at desc
    ), compared as (
        select l.ad_id, b.* from linked l join best b using (input_hash)
    ), stages as (
        select c.ad_id, c.input_hash, c.basis, a.awareness as ad_stage, p.awareness as page_stage, p.classifier,
            array_position(array['unaware', 'problem_aware', 'solution_aware', 'product_aware', 'most_aware'], p.awareness)
            - array_position(array['unaware', 'problem_aware', 'solution_aware', 'product_aware', 'most_aware'], a.awareness)
                as step
        from compared c
        join app.labels_of(p_brand, p_ads) a on a.ad_id = c.ad_id
        join public.ad_classification_links l on l.brand_id = p_brand and l.ad_id = c.ad_id and l.reading = 'landing'
        join app.best_readings(p_brand, p_ads) p on p.reading = 'landing' and p.input_hash = l.input_hash
    )
    select c.ad_id, k.component, k.weight, (k.judged ->> 'score')::integer, k.judged ->> 'quote_ad',
        k.judged ->> 'quote_page', k.judged ->> 'why', c.basis, c.classifier, c.input_hash
    from compared c cross join lateral (values
        ('promise', 0.30::double precision, c.promise), ('offer', 0.25, c.offer), ('proof', 0.15, c.proof),
        ('tone', 0.10, c.tone)) k (component, weight, judged)
    union all
    select s.ad_id, 'awareness', 0.20, case s.step when 0 then 5 when 1 then 5 when 2 then 3 when -1 then 3 else 1 end,
        replace(s.ad_stage, '_', ' '), replace(s.page_stage, '_', ' '),
        'From the ad''s stage to the page''s it is ' || case s.step when 0 then 'no step'
            else abs(s.step) || case abs(s.step) when 1 then ' stage ' else ' stages ' end
                || case when s.step > 0 then 'on' else 'back' end end || '.',
        s.basis, s.classifier, s.input_hash
    from stages s where s.step is not null
$$;

-- Of the given pictures and videos those that a model has looked at: [{input_hash, id}] with the id of its best row.
create function public.looked_at(p_brand uuid, p_hashes text[]) returns jsonb
language sql stable set search_path = '' set statement_timeout = '30s' as $$
    select coalesce(jsonb_agg(jsonb_build_object('input_hash', b.input_hash, 'id', b.id)), '[]') from (
        select distinct on (c.input_hash) c.input_hash, c.id
        from public.ad_creative_classifications c
        where c.brand_id = p_brand and c.reading = 'creative' and c.superseded_at is null
          and c.input_hash = any (p_hashes) and app.classifier_rank(c.classifier) between 1 and 8
        order by c.input_hash, app.classifier_rank(c.classifier), c.created_at desc) b
$$;

-- What those rows say is to be seen and read, in the words of a picture or of a video.
create function public.creative_contents(p_brand uuid, p_ids uuid[]) returns jsonb
language sql stable set search_path = '' set statement_timeout = '30s' as $$
    select coalesce(jsonb_agg(jsonb_build_object('id', c.id, 'shows', c.labels ->> 'shows',
        'text_on_picture', c.labels -> 'text_on_picture', 'hook', v.hook,
        'overlays', (select jsonb_agg(o ->> 'text') from jsonb_array_elements(v.overlays) o),
        'spoken', (select jsonb_agg(t ->> 'text') from jsonb_array_elements(v.transcript) t),
        'claims', (select jsonb_agg(m ->> 'text') from jsonb_array_elements(v.claims) m))), '[]')
    from public.ad_creative_classifications c
    -- By the bytes: two ads may show one video in two ways, and it was analysed once.
    left join lateral (
        select a.* from public.ad_classification_links l
        join public.ad_assets s on s.brand_id = p_brand and s.ad_id = l.ad_id and s.kind = 'video'
        join public.ad_video_analysis a on a.brand_id = p_brand and a.sha256 = s.sha256
            and a.prompt_version = c.prompt_version and a.classifier = c.classifier and a.superseded_at is null
        where l.brand_id = p_brand and l.reading = 'creative' and l.input_hash = c.input_hash limit 1) v on true
    where c.brand_id = p_brand and c.id = any (p_ids)
$$;

-- Labels that want a person's look: of low confidence, or where two classifiers disagree about the stage; those behind
-- the highest spend of the last p_days days with data first. What rules say of a picture they did not look at is no label.
-- An imported ad counts with what its file says, where there are no days.
create function public.review_queue(p_brand uuid, p_days integer default 30, p_limit integer default 50) returns jsonb
language sql stable set search_path = '' set statement_timeout = '30s' set enable_nestloop = off as $$
    with days as materialized (
        select * from app.last_days(p_brand, p_days)
    ), spend as (
        select ad_id, sum(spend) as spend, max(currency) as currency from public.ad_performance_daily
        where brand_id = p_brand and date between (select first from days) and (select last from days) group by ad_id
        union all
        select ad_key, max(spend), max(currency) from (
            select p.ad_key, sum(p.spend) as spend, max(d.currency) as currency
            from public.ad_performance_period p join public.import_datasets d on d.id = p.dataset_id
            where p.brand_id = p_brand and (select last from days) is null group by p.dataset_id, p.ad_key) files
        group by ad_key
    ), inputs as (
        select l.reading, l.input_hash, count(*) as ads, coalesce(sum(s.spend), 0) as spend, max(s.currency) as currency,
            (array_agg(l.ad_id order by s.spend desc nulls last, l.ad_id))[1] as ad_id
        from public.ad_classification_links l left join spend s using (ad_id)
        where l.brand_id = p_brand and l.reading <> 'congruence' group by l.reading, l.input_hash
    ), best as materialized (
        select * from app.best_readings(p_brand)
    ), rival as (
        select distinct on (c.reading, c.input_hash) c.reading, c.input_hash, c.classifier, c.awareness,
            c.awareness_confidence
        from public.ad_creative_classifications c join best b
            on b.reading = c.reading and b.input_hash = c.input_hash and b.id <> c.id and b.classifier <> c.classifier
           and b.awareness <> c.awareness
        join app.ranks(p_brand) r on r.classifier = c.classifier
        where c.brand_id = p_brand and c.superseded_at is null and c.awareness <> 'unclear'
        order by c.reading, c.input_hash, r.rank, c.created_at desc
    ), queue as materialized (
        select i.*, b.id, r.classifier as rival_classifier, r.awareness as rival_awareness,
            r.awareness_confidence as rival_confidence,
            case when r.input_hash is not null then 'disagree' when b.awareness = 'unclear' then 'unclear'
                else 'unsure' end as reason
        from inputs i join best b using (reading, input_hash)
        left join rival r using (reading, input_hash)
        where b.classifier <> 'human'
          and not (i.reading = 'creative' and b.classifier like 'rules%')
          and (r.input_hash is not null or b.awareness = 'unclear' or b.awareness_confidence < 0.5)
    ), chosen as (
        select * from queue order by spend desc, ad_id, reading limit p_limit
    )
    select jsonb_build_object('total', (select count(*) from queue), 'items', coalesce((
        select jsonb_agg(jsonb_build_object('reading', q.reading, 'input_hash', q.input_hash, 'ads', q.ads,
            'spend', q.spend, 'currency', q.currency, 'ad_id', q.ad_id, 'reason', q.reason,
            'best', to_jsonb(c) - array['brand_id', 'run_id', 'call_id', 'corrected_by', 'superseded_at'],
            'rival', case when q.rival_classifier is not null then jsonb_build_object('classifier', q.rival_classifier,
                'awareness', q.rival_awareness, 'awareness_confidence', q.rival_confidence) end,
            'ad_name', coalesce(a.name, (
                select max(p.ad_name) from public.ad_performance_period p
                where p.brand_id = p_brand and p.ad_key = q.ad_id)), 'primary_text', a.primary_text,
            'headline', a.headline, 'page', l.canonical_url) order by q.spend desc, q.ad_id, q.reading)
        from chosen q join public.ad_creative_classifications c on c.id = q.id
        left join public.ads a on a.brand_id = p_brand and a.ad_id = q.ad_id
        left join public.ad_landing_links l on l.brand_id = p_brand and l.ad_id = q.ad_id), '[]'))
$$;

-- Everything that was read of one ad: {ad, assets, page, spend, shared, readings, history, unanswered, video, congruence}.
-- `readings` are all rows that stand for each of its inputs, the best first; `history` those that were replaced. `spend`
-- is {spend, currency, first, last} of the last 30 days with data; `shared` how many ads have each input, by reading;
-- `unanswered` the newest call for each input that gave no reading, or has not yet. An imported ad is what its file says.
create function public.ad_readings(p_brand uuid, p_ad text) returns jsonb
language sql stable set search_path = '' set statement_timeout = '30s' as $$
    with links as materialized (
        select reading, input_hash from public.ad_classification_links where brand_id = p_brand and ad_id = p_ad
    ), rows as materialized (
        select c.* from public.ad_creative_classifications c join links using (reading, input_hash)
        where c.brand_id = p_brand
    ), said as (
        select r.reading, r.superseded_at, r.created_at, to_jsonb(r) - array['brand_id', 'run_id', 'corrected_by'] as row,
            app.classifier_rank(r.classifier) as rank
        from rows r
    )
    select jsonb_build_object(
        'ad', coalesce(
            (select to_jsonb(a) from public.ads a where a.brand_id = p_brand and a.ad_id = p_ad),
            (select jsonb_build_object('ad_id', p.ad_key, 'name', p.ad_name, 'primary_text', p.primary_text,
                    'headline', p.headline, 'description', p.description, 'file', d.file_name)
                from public.ad_performance_period p join public.import_datasets d on d.id = p.dataset_id
                where p.brand_id = p_brand and p.ad_key = p_ad order by d.imported_at desc, p.date_from desc limit 1)),
        'spend', (select jsonb_build_object('spend', sum(p.spend), 'currency', max(p.currency), 'first', d.first,
                'last', d.last)
            from app.last_days(p_brand, 30) d left join public.ad_performance_daily p
                on p.brand_id = p_brand and p.ad_id = p_ad and p.date between d.first and d.last
            where d.last is not null group by d.first, d.last),
        'shared', (select coalesce(jsonb_object_agg(n.reading, n.ads), '{}') from (
            select l.reading, count(*) as ads from public.ad_classification_links l join links using (reading, input_hash)
            where l.brand_id = p_brand group by l.reading) n),
        'unanswered', (select coalesce(jsonb_agg(to_jsonb(u) order by u.reading), '[]') from (
            select distinct on (c.reading) c.reading, c.classifier, c.state, c.reason, c.detail, c.started_at, c.batch_id
            from public.llm_calls c join links using (reading, input_hash)
            where c.brand_id = p_brand
            order by c.reading, c.started_at desc) u where u.state <> 'answered'),
        'assets', (select coalesce(jsonb_agg(to_jsonb(s) order by kind), '[]') from public.ad_assets s
            where s.brand_id = p_brand and s.ad_id = p_ad),
        'page', (select to_jsonb(p) || jsonb_build_object('canonical_url', l.canonical_url)
            from public.ad_landing_links l left join public.landing_pages p
                on p.brand_id = p_brand and p.canonical_url = l.canonical_url
            where l.brand_id = p_brand and l.ad_id = p_ad),
        'readings', (select coalesce(jsonb_agg(row order by reading, rank, created_at desc), '[]') from said
            where superseded_at is null),
        'history', (select coalesce(jsonb_agg(row order by created_at desc), '[]') from said
            where superseded_at is not null),
        'video', (select to_jsonb(v) from public.ad_assets s join public.ad_video_analysis v
                on v.brand_id = p_brand and v.sha256 = s.sha256 and v.superseded_at is null
            where s.brand_id = p_brand and s.ad_id = p_ad and s.kind = 'video'
            order by app.classifier_rank(v.classifier), v.created_at desc limit 1),
        'congruence', (select coalesce(jsonb_agg(to_jsonb(c) - 'ad_id' order by c.weight desc), '[]')
            from app.ad_congruence(p_brand, array[p_ad]) c))
$$;

-- The brand's ads with their labels, those with the highest spend of the last p_days days with data first; of an imported
-- file, its ads. p_search is found anywhere in id, name, headline or text; p_awareness and p_format are labels, '' for ads
-- that have none. Answers {first, last, total, found, awareness, formats, ads}: `total` counts all ads, `found` those that
-- fit; `awareness` and `formats` count all ads by label, '' those without one. `reader` is who gave the stage.
create function public.ad_list(
    p_brand uuid, p_days integer default 30, p_search text default '', p_awareness text default null,
    p_format text default null, p_limit integer default 50, p_offset integer default 0, p_dataset uuid default null
) returns jsonb
language sql stable set search_path = '' set statement_timeout = '30s' set enable_nestloop = off as $$
    with days as materialized (
        select * from app.last_days(p_brand, p_days) where p_dataset is null
    ), spend as (
        select ad_id, sum(spend) as spend, max(currency) as currency from public.ad_performance_daily
        where p_dataset is null and brand_id = p_brand
          and date between (select first from days) and (select last from days) group by ad_id
    ), shown as (
        select ad_id, a.name, a.effective_status, a.object_type, a.headline, a.primary_text, s.spend, s.currency
        from (select * from public.ads where p_dataset is null and brand_id = p_brand) a full join spend s using (ad_id)
        union all
        select p.ad_key, max(p.ad_name), null, null, max(p.headline), max(p.primary_text), sum(p.spend), max(d.currency)
        from public.ad_performance_period p join public.import_datasets d on d.id = p.dataset_id
        where p.dataset_id = p_dataset and p.brand_id = p_brand group by p.ad_key
    ), labelled as materialized (
        select s.*, l.awareness, l.awareness_confidence, l.format, l.hook, l.angle, l.reader
        from shown s left join app.labels_of(p_brand) l using (ad_id)
    ), fitting as materialized (
        select ad_id, name, effective_status, object_type, headline, spend, currency, awareness, awareness_confidence,
            format, hook, angle, reader
        from labelled
        where (p_awareness is null or coalesce(awareness, '') = p_awareness)
          and (p_format is null or coalesce(format, '') = p_format)
          and (p_search = '' or position(lower(p_search) in
                lower(concat_ws(' ', ad_id, name, headline, primary_text))) > 0)
    )
    select jsonb_build_object('first', (select first from days), 'last', (select last from days),
        'total', (select count(*) from labelled), 'found', (select count(*) from fitting),
        'awareness', (select coalesce(jsonb_object_agg(label, ads), '{}') from (
            select coalesce(awareness, '') as label, count(*) as ads from labelled group by 1) n),
        'formats', (select coalesce(jsonb_object_agg(label, ads), '{}') from (
            select coalesce(format, '') as label, count(*) as ads from labelled group by 1) n),
        'ads', coalesce((select jsonb_agg(to_jsonb(f) order by f.spend desc nulls last, f.ad_id) from (
            select * from fitting order by spend desc nulls last, ad_id limit p_limit offset p_offset) f), '[]'))
$$;

-- The brand's videos, each once however many ads show it, those with the highest spend first: what they cost and how
-- they hold over the days asked for, and in short what they say. Sums only: whoever shows a rate divides them. `id` is the
-- sha256 of a stored video, Meta's id of one that is not; `status` as in ad_assets, 'waiting' before the first try.
-- With p_video that one alone.
create function public.videos(p_brand uuid, p_from date, p_to date, p_video text default null) returns jsonb
language sql stable set search_path = '' set statement_timeout = '30s' set enable_nestloop = off as $$
    with every as (
        select a.ad_id, a.name, a.headline, s.storage_key, s.mime, s.bytes, s.duration_s, s.reason,
            coalesce(s.status, 'waiting') as status, case when s.status = 'stored' then s.sha256 end as sha256,
            coalesce(case when s.status = 'stored' then s.sha256 end, s.source_key, a.video_id) as id
        from public.ads a
        left join public.ad_assets s on s.brand_id = p_brand and s.ad_id = a.ad_id and s.kind = 'video'
        where a.brand_id = p_brand and (a.video_id is not null or s.ad_id is not null)
    ), shown as materialized (
        select * from every where p_video is null or id = p_video
    ), sums as (
        select d.ad_id, sum(d.impressions) as impressions, sum(d.spend) as spend, sum(d.video_3s) as video_3s,
            sum(d.thruplays) as thruplays, sum(d.video_p25) as p25, sum(d.video_p50) as p50, sum(d.video_p75) as p75,
            sum(d.video_p95) as p95, sum(d.video_p100) as p100, sum(d.link_clicks) as link_clicks,
            sum(d.results) as results, max(d.currency) as currency, count(distinct d.currency) as currencies
        from public.ad_performance_daily d join shown using (ad_id)
        where d.brand_id = p_brand and d.date between p_from and p_to group by d.ad_id
    ), analysed as (
        select distinct on (v.sha256) v.* from public.ad_video_analysis v
        where v.brand_id = p_brand and v.superseded_at is null
        order by v.sha256, app.classifier_rank(v.classifier), v.created_at desc
    ), films as (
        select s.id, max(s.sha256) as sha256, max(s.status) as status, max(s.reason) as reason,
            max(s.storage_key) as storage_key, max(s.mime) as mime, max(s.bytes) as bytes,
            max(s.duration_s) as duration_s, count(*) as ads,
            array_agg(s.ad_id order by u.spend desc nulls last, s.ad_id) as ad_ids,
            (array_agg(s.name order by u.spend desc nulls last, s.ad_id))[1] as name,
            (array_agg(s.headline order by u.spend desc nulls last, s.ad_id))[1] as headline,
            sum(u.impressions) as impressions, sum(u.spend) as spend, sum(u.video_3s) as video_3s,
            sum(u.thruplays) as thruplays, sum(u.p25) as p25, sum(u.p50) as p50, sum(u.p75) as p75, sum(u.p95) as p95,
            sum(u.p100) as p100, sum(u.link_clicks) as link_clicks, sum(u.results) as results,
            max(u.currency) as currency, max(u.currencies) = 1 and count(distinct u.currency) = 1 as one_currency
        from shown s left join sums u using (ad_id) group by s.id
    )
    select coalesce(jsonb_agg(to_jsonb(f) || jsonb_build_object(
        'hook', v.hook, 'persona', v.persona, 'classifier', v.classifier, 'provider', v.provider,
        'awareness_opening', v.awareness_opening, 'awareness_end', v.awareness_end, 'production', v.production)
        order by f.spend desc nulls last, f.id), '[]')
    from films f left join analysed v using (sha256)
$$;

-- One video as `videos` gives it, with all that its analysis says, who else has read its ads' pictures and videos, what
-- went wrong last, and the ads that show it, those with the highest spend first, each with its page and how they fit:
-- {video, analysis, read_by, failure, ads}. Null for a video that is not there.
create function public.video_readings(p_brand uuid, p_from date, p_to date, p_video text) returns jsonb
language sql stable set search_path = '' set statement_timeout = '30s' as $$
    with found as materialized (
        select public.videos(p_brand, p_from, p_to, p_video) -> 0 as film
    ), film as materialized (
        select f.film, f.film ->> 'sha256' as sha256,
            array(select jsonb_array_elements_text(f.film -> 'ad_ids')) as ad_ids
        from found f where f.film is not null
    ), sums as (
        select d.ad_id, sum(d.spend) as spend, sum(d.impressions) as impressions, sum(d.video_3s) as video_3s,
            sum(d.thruplays) as thruplays, sum(d.video_p25) as p25, sum(d.video_p50) as p50, sum(d.video_p75) as p75,
            sum(d.video_p95) as p95, sum(d.video_p100) as p100, max(d.currency) as currency
        from film cross join lateral unnest(film.ad_ids) a (ad_id)
        join public.ad_performance_daily d on d.brand_id = p_brand and d.ad_id = a.ad_id
        where d.date between p_from and p_to group by d.ad_id
    ), fits as (
        select c.ad_id, jsonb_agg(to_jsonb(c) - 'ad_id' order by c.weight desc) as congruence
        from film cross join lateral app.ad_congruence(p_brand, film.ad_ids) c group by c.ad_id
    ), links as materialized (
        select l.input_hash from public.ad_classification_links l, film
        where l.brand_id = p_brand and l.ad_id = any (film.ad_ids) and l.reading = 'creative'
    )
    select jsonb_build_object('video', film.film,
        'analysis', (select to_jsonb(v) - array['brand_id', 'call_id'] from public.ad_video_analysis v
            where v.brand_id = p_brand and v.sha256 = film.sha256 and v.superseded_at is null
            order by app.classifier_rank(v.classifier), v.created_at desc limit 1),
        'read_by', (select coalesce(jsonb_agg(distinct c.classifier), '[]') from public.ad_creative_classifications c
            where c.brand_id = p_brand and c.reading = 'creative' and c.superseded_at is null
              and c.input_hash in (select input_hash from links)),
        'failure', (select jsonb_build_object('classifier', c.classifier, 'state', c.state, 'reason', c.reason,
                'finished_at', c.finished_at)
            from public.llm_calls c
            where c.brand_id = p_brand and c.purpose = 'video' and c.state in ('unanswered', 'failed', 'lost')
              and c.input_hash in (select input_hash from links)
            order by c.started_at desc limit 1),
        'ads', (select coalesce(jsonb_agg(jsonb_build_object('ad_id', a.ad_id, 'name', a.name,
                'effective_status', a.effective_status, 'spend', s.spend, 'currency', s.currency,
                'impressions', s.impressions, 'video_3s', s.video_3s, 'thruplays', s.thruplays, 'p25', s.p25,
                'p50', s.p50, 'p75', s.p75, 'p95', s.p95, 'p100', s.p100, 'page', g.canonical_url,
                'page_status', p.status, 'congruence', coalesce(f.congruence, '[]'))
                order by s.spend desc nulls last, a.ad_id), '[]')
            from public.ads a
            left join sums s using (ad_id) left join fits f using (ad_id)
            left join public.ad_landing_links g on g.brand_id = p_brand and g.ad_id = a.ad_id
            left join public.landing_pages p on p.brand_id = p_brand and p.canonical_url = g.canonical_url
            where a.brand_id = p_brand and a.ad_id = any (film.ad_ids)))
    from film
$$;

-- How well the brand's ads fit their pages over the last p_days days with data: {first, last, ads, spend, total, currency,
-- worst}. `total` is 0 to 5, weighed by spend; `worst` are at most p_limit ads with spend, those that lose most first (what
-- their pages lack of full marks, times their spend), each with its weakest component and the words of both sides.
create function public.congruence_overview(p_brand uuid, p_days integer default 30, p_limit integer default 10)
returns jsonb
language sql stable set search_path = '' set statement_timeout = '30s' set enable_nestloop = off as $$
    with days as (
        select * from app.last_days(p_brand, p_days)
    ), spend as (
        select d.ad_id, sum(d.spend) as spend, max(d.currency) as currency
        from public.ad_performance_daily d, days
        where d.brand_id = p_brand and d.date between days.first and days.last group by d.ad_id having sum(d.spend) > 0
    ), fits as (
        select c.ad_id, sum(c.weight * c.score) / sum(c.weight) as total,
            (array_agg(to_jsonb(c) - array['ad_id', 'weight', 'input_hash']
                order by c.weight * (5 - c.score) desc, c.component))[1] as weakest
        from app.ad_congruence(p_brand) c group by c.ad_id
    ), judged as (
        select s.*, f.total, f.weakest from spend s join fits f using (ad_id)
    )
    select jsonb_build_object('first', (select first from days), 'last', (select last from days),
        'ads', (select count(*) from judged), 'spend', (select sum(spend) from judged),
        'total', (select sum(total * spend) / sum(spend) from judged),
        'currency', (select case when count(distinct currency) = 1 then max(currency) end from judged),
        'worst', coalesce((
            select jsonb_agg(w.weakest || jsonb_build_object('ad_id', w.ad_id, 'ad_name', a.name, 'spend', w.spend,
                'total', w.total, 'page', l.canonical_url) order by (5 - w.total) * w.spend desc, w.ad_id)
            from (select * from judged order by (5 - total) * spend desc, ad_id limit p_limit) w
            left join public.ads a on a.brand_id = p_brand and a.ad_id = w.ad_id
            left join public.ad_landing_links l on l.brand_id = p_brand and l.ad_id = w.ad_id), '[]'))
$$;

-- Of the money spent from p_from to p_to in the currency of most of it: how much is covered by whose labels, {currency,
-- left_out, spend, ads, by: [{classifier, spend, ads}]}; classifier null: not read. `left_out` are the other currencies.
create function public.classification_coverage(p_brand uuid, p_from date, p_to date) returns jsonb
language sql stable set search_path = '' set statement_timeout = '30s' set enable_nestloop = off as $$
    with every as materialized (
        select ad_id, currency, sum(spend) as spend from public.ad_performance_daily
        where brand_id = p_brand and date between p_from and p_to group by ad_id, currency
    ), currencies as (
        select currency, row_number() over (order by sum(spend) desc nulls last, count(*) desc, currency) as place
        from every group by currency
    ), spend as (
        select e.ad_id, e.spend from every e join currencies c using (currency) where c.place = 1
    ), readers as (
        select distinct on (l.ad_id) l.ad_id, b.classifier
        from public.ad_classification_links l join app.best_readings(p_brand) b using (reading, input_hash)
        where l.brand_id = p_brand and l.reading in ('creative', 'copy') and b.awareness <> 'unclear'
        order by l.ad_id, b.rank
    ), by_reader as (
        select r.classifier, sum(s.spend) as spend, count(*) as ads
        from spend s left join readers r using (ad_id) group by r.classifier
    )
    select jsonb_build_object('currency', (select currency from currencies where place = 1),
        'left_out', (select coalesce(jsonb_agg(currency order by place), '[]') from currencies where place > 1),
        'spend', (select coalesce(sum(spend), 0) from spend),
        'ads', (select count(*) from spend),
        'by', coalesce((select jsonb_agg(to_jsonb(b) order by b.spend desc nulls last) from by_reader b), '[]'))
$$;

-- How often people who looked agreed with what a classifier had said: [{classifier, reading, n, same_stage, near_stage}].
-- Where a classifier said `unclear` it made no claim.
create function public.label_agreement(p_brand uuid) returns jsonb
language sql stable set search_path = '' set statement_timeout = '30s' as $$
    select coalesce(jsonb_agg(to_jsonb(g) order by g.n desc, g.classifier, g.reading), '[]') from (
        select c.classifier, c.reading, count(*) as n,
            count(*) filter (where c.awareness = h.awareness) as same_stage,
            count(*) filter (where abs(array_position(s.stages, c.awareness) - array_position(s.stages, h.awareness)) <= 1)
                as near_stage
        from public.ad_creative_classifications h
        cross join (select array['unaware', 'problem_aware', 'solution_aware', 'product_aware', 'most_aware'] as stages) s
        join public.ad_creative_classifications c on c.brand_id = h.brand_id and c.reading = h.reading
            and c.input_hash = h.input_hash and c.classifier <> 'human' and c.superseded_at is null
            and c.awareness <> 'unclear'
        where h.brand_id = p_brand and h.classifier = 'human' and h.superseded_at is null
        group by c.classifier, c.reading) g
$$;

-- What readings by models have cost: {budget_usd, in_flight_usd, months: [{month, provider, model, batch, calls, requests,
-- input_tokens, output_tokens, cost_usd, estimated_usd}]}, the newest month first.
create function public.model_costs(p_brand uuid) returns jsonb
language sql stable set search_path = '' as $$
    select jsonb_build_object('budget_usd', b.model_budget_usd,
        'month', app.month_of(now()),
        'in_flight_usd', (select coalesce(sum(c.estimated_usd), 0) from public.llm_calls c
            where c.brand_id = p_brand and c.state = 'in_flight'),
        'open_batches', (select coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'classifier', o.classifier,
                'items', o.items, 'state', o.state, 'created_at', o.created_at) order by o.created_at), '[]')
            from public.llm_batches o where o.brand_id = p_brand and o.state in ('submitting', 'submitted')),
        'months', (select coalesce(jsonb_agg(to_jsonb(s) - 'brand_id' order by s.month desc, s.cost_usd desc, s.provider,
                s.model, s.batch), '[]')
            from public.llm_spend s where s.brand_id = p_brand))
    from public.brands b where b.id = p_brand
$$;

do $$
declare
    f regprocedure;
    v_service text[] := array['lease_permits', 'hold_permits', 'known_readings', 'begin_readings', 'finish_reading',
        'release_readings', 'save_congruence', 'open_batch', 'unanswerable_readings', 'batch_submitted', 'close_batch', 'batch_items', 'looked_at', 'creative_contents'];
    v_members text[] := array['classification_candidates', 'review_queue', 'ad_readings', 'ad_list', 'videos',
        'video_readings', 'last_full_day', 'congruence_overview',
        'classification_coverage', 'label_agreement', 'model_costs', 'correct_reading', 'withdraw_correction'];
    v_app text[] := array['ranks', 'best_readings', 'labels_of', 'last_days', 'ad_congruence', 'classifier_rank', 'month_of'];
    v_inner text[] := array['count_spend', 'lose_call', 'reading_stands', 'lock_input'];
begin
    for f in select p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where (n.nspname = 'public' and p.proname = any (v_service || v_members))
           or (n.nspname = 'app' and p.proname = any (v_app || v_inner))
    loop
        execute format('revoke all on function %s from public, anon, authenticated', f);
    end loop;
    for f in select p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where (n.nspname = 'public' and p.proname = any (v_service || v_members)) or (n.nspname = 'app' and p.proname = any (v_app))
    loop
        execute format('grant execute on function %s to service_role', f);
    end loop;
    for f in select p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where (n.nspname = 'public' and p.proname = any (v_members)) or (n.nspname = 'app' and p.proname = any (v_app))
    loop
        execute format('grant execute on function %s to authenticated', f);
    end loop;
end $$;
