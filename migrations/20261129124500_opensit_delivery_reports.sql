-- Plan and report are written in the transaction of the rows: no delivery of this program is without them.
comment on column opensit.deliveries.plan is 'the plan in TOML; null: loaded by a program that did not keep plans';
comment on column opensit.deliveries.report is 'the report as JSON, as the command prints it; null: loaded by a program that wrote it after the rows, and ended between';
