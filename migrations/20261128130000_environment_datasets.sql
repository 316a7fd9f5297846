-- What was surveyed, by whom, from when it is in force: a version of a dataset. Its geometry is the area surveyed, without which nobody could
-- tell "nothing was found here" from "nobody looked here".
create table environment.datasets (
    kind        text        not null constraint kind_is_known
        check (kind in ('flood', 'landslide', 'noise', 'burnt', 'bathing', 'waste', 'alert')),
    series      text        not null,
    number      integer     not null check (number > 0),
    title       text        not null check (length(title) between 1 and 200),
    source      text        not null check (length(source) between 1 and 300),
    source_date date,
    licence     text        not null check (length(licence) between 1 and 100),
    author      text,
    state       text        not null default 'draft' constraint state_is_known check (state in ('draft', 'published', 'withdrawn')),
    published   boolean     not null default false,
    begins      timestamptz,
    ends        timestamptz,
    features    integer     not null default 0 check (features >= 0),
    withdrawn_because text  check (length(withdrawn_because) <= 500),
    constraint a_version_ends_after_it_begins check (ends > begins),
    constraint what_is_published_has_a_beginning check (published = (begins is not null)),
    constraint a_draft_is_not_published check (state <> 'draft' or not published),
    constraint what_is_in_force_is_published check (state <> 'published' or published),
    constraint numbers_of_a_series_differ unique (series, number),
    constraint versions_of_a_series_follow_each_other exclude using gist (series with =, tstzrange(begins, ends) with &&) where (published)
);
comment on column environment.datasets.series is 'the id of the first version: a later one is put in its place';
comment on column environment.datasets.published is 'whether it is, was or will be in force: then everybody sees it, and its history';
call opensit.make_layer_table('environment.datasets', 'MultiPolygon');
call opensit.enforce_transitions('environment.datasets', 'state',
    '{"": ["draft", "published"], "draft": ["published", "withdrawn"], "published": ["withdrawn"]}');
create index on environment.datasets (kind, comune);
