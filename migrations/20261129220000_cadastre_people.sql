-- People of the census by a part of their name, the most similar first, at most so many. A function of the owner with the policy of
-- the table inside: the operator of trigrams is not leakproof, so that below the policy its index would not be used, and every name
-- would be folded.
create function cadastre.find_subjects(wanted text, most bigint) returns setof cadastre.subjects
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp
    as $$
begin
    -- more slips are forgiven than elsewhere. Not as a setting of the function: the extension may not be loaded when that is made
    perform set_config('pg_trgm.word_similarity_threshold', '0.5', true);
    return query
        select s.*
          from cadastre.subjects s
         where opensit.who_has_purpose()
           and ((select opensit.who_serves_all()) or s.comune = any ((select opensit.who_comuni())::text[]))
           and opensit.fold(wanted) operator(public.<%) opensit.fold(s.name || ' ' || coalesce(s.given_name, ''))
         order by word_similarity(opensit.fold(wanted), opensit.fold(s.name || ' ' || coalesce(s.given_name, ''))) desc,
                  s.name, s.given_name, s.comune, s.section, s.subject
         limit most;
end
$$;
revoke execute on function cadastre.find_subjects(text, bigint) from public;
grant execute on function cadastre.find_subjects(text, bigint) to opensit_app;
