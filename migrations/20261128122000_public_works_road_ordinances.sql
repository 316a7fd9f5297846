-- Road ordinances (legislative decree 285/1992, arts. 5 to 7): what is closed, from when until when.
create table public_works.road_ordinances (
    number    text not null constraint number_is_said check (number ~ '\S'),
    issued_on date not null,
    closure   text not null constraint closure_is_known check (closure in ('total', 'partial', 'parking_ban', 'one_way', 'speed_limit')),
    limit_kmh integer constraint limit_is_a_speed check (limit_kmh between 5 and 130),
    road      text not null constraint road_is_said check (road ~ '\S'),
    diversion text,
    act       text not null constraint act_is_said check (act ~ '\S'),
    ended_by  text,
    constraint a_speed_limit_says_its_speed check ((closure = 'speed_limit') = (limit_kmh is not null))
);
call opensit.make_layer_table('public_works.road_ordinances', 'Geometry', with_validity => true);
create index road_ordinances_by_beginning on public_works.road_ordinances (valid_from desc, fid);
create index road_ordinances_by_road      on public_works.road_ordinances (road, fid);
