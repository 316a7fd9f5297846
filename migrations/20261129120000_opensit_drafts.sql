-- Layers that are drafts: their author and administrators alone see them. Which are drafts, and whose, stands in their declarations; the policies of
-- their tables follow from it. What their rows were before is kept in one table for all layers, which follows it here.
create function opensit.hidden_drafts() returns text[]
    language sql stable parallel safe
    return array (
        select relation
          from opensit.layers
         where declaration @> '{"draft": true}'
           and opensit.who_role() <> 'administrator'
           -- nobody is the author of one that has none
           and coalesce(declaration ->> 'author' <> opensit.who_subject(), true)
    );
comment on function opensit.hidden_drafts() is 'the tables of layers that are drafts of somebody else than who asks';

create policy app_drafts on opensit.row_history as restrictive for select to opensit_app
    using (relation <> all ((select opensit.hidden_drafts())::text[]));
