-- What other themes may know of streets and house numbers.
create view territory.v_house_numbers with (security_invoker = true) as
    select id, comune, street, number, address, geom from territory.house_numbers;
create view territory.v_streets with (security_invoker = true) as
    select id, comune, name, kind, geom from territory.streets;
grant select on territory.v_house_numbers, territory.v_streets to opensit_app;
