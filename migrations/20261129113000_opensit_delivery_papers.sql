-- What a delivery was loaded by, which is proposed again at the next one of the same source; and what became of it, for whoever asks later.
alter table opensit.deliveries add column plan text, add column report jsonb;
comment on column opensit.deliveries.plan is 'the plan in TOML; null: loaded before plans were kept';
comment on column opensit.deliveries.report is 'the report as JSON, as the command prints it; null: the program ended before it was written';
