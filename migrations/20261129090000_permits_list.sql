-- One index for each order of the work list, with all that the list is filtered by and the text it is searched in, folded once: a page is read
-- by it alone, however far from the page's beginning the rows that fit lie. Folding each row again as it is read took most of the time.
drop index
    permits.permits_coalesce_fid_idx,
    permits.permits_filed_on_fid_idx,
    permits.permits_state_filed_on_fid_idx,
    permits.permits_kind_filed_on_fid_idx,
    permits.permits_comune_filed_on_fid_idx,
    permits.permits_state_coalesce_fid_idx;

create index permits_in_order_of_filing on permits.permits
    (filed_on, fid, (opensit.fold(protocol) || ' ' || coalesce(opensit.fold(address), '')))
    include (state, kind, comune, due_on, paused_since, protocol, address);
create index permits_in_order_of_term on permits.permits
    (coalesce(due_on, 'infinity'::date), fid, (opensit.fold(protocol) || ' ' || coalesce(opensit.fold(address), '')))
    include (state, kind, comune, filed_on, due_on, paused_since, protocol, address);

-- An index alone answers for pages that were vacuumed since their last change: soon, so that few others are looked up.
alter table permits.permits set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);
