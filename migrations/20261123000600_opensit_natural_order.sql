-- The order in which people expect texts: letters as Italians sort them, numbers in a text by their value (9, 10, 10/a).
-- The cluster's own locale is C, which keeps indexes true whatever becomes of libc; no index uses this collation.
create collation opensit.natural_order (provider = icu, locale = 'it-u-kn-true');
