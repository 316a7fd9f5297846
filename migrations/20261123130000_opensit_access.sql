-- Who asks, as the policies of row-level security see it: what the transaction's settings say (kernel::Database sets them with
-- SET LOCAL). Unset, or empty as they are after a transaction that had set them, is somebody who has not said who they are.
--
-- A policy asks each of these in a scalar subquery, so that it is evaluated once for a query and not for each row.

create function opensit.who_role() returns text
    language sql stable parallel safe
    return coalesce(nullif(current_setting('opensit.role', true), ''), 'anonymous');
comment on function opensit.who_role() is 'anonymous, citizen, officer, planner, administrator or machine';

create function opensit.who_subject() returns text
    language sql stable parallel safe
    return nullif(current_setting('opensit.subject', true), '');
comment on function opensit.who_subject() is 'the account, as a UUID; null for nobody';

create function opensit.who_is_staff() returns boolean
    language sql stable parallel safe
    return opensit.who_role() in ('officer', 'planner', 'administrator', 'machine');

create function opensit.who_serves_all() returns boolean
    language sql stable parallel safe
    return opensit.who_is_staff() and coalesce(current_setting('opensit.comuni', true), '') = '*';
comment on function opensit.who_serves_all() is 'whether every comune is in scope; for staff only';

create function opensit.who_comuni() returns text[]
    language sql stable parallel safe
    return case when opensit.who_is_staff()
        then array_remove(string_to_array(coalesce(current_setting('opensit.comuni', true), ''), ','), '')
        else array[]::text[] end;
comment on function opensit.who_comuni() is 'the comuni in scope by ISTAT code, unless all are (who_serves_all); for staff only';

create function opensit.who_offices() returns text[]
    language sql stable parallel safe
    return array_remove(string_to_array(coalesce(current_setting('opensit.offices', true), ''), ','), '');
