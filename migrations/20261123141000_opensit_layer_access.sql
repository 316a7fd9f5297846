-- Who sees a declared layer may be decided here, by an administrator: what the program declares does not take that back.
alter table opensit.layers
    add column access_by text,
    add column access_at timestamptz;
comment on column opensit.layers.access_by is 'the administrator who set audience and editors; null: they are as declared';
