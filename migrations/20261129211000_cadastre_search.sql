-- What is offered while somebody types `fg 12 p 3`: the numbers that begin so, the shortest first, without reading all of them.
create index on cadastre.parcels (sheet, length(number), lower(number collate "C"));
