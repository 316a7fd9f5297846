-- Lodgings, whose managers are not for everybody, and events, which the public sees once they are announced.
create table tourism.lodgings (
    name    text    not null,
    kind    text    not null check (kind in ('bed_and_breakfast', 'rooms', 'holiday_home', 'farm')),
    beds    integer not null check (beds > 0),
    address text,
    manager text,
    phone   text
);
call opensit.make_layer_table('tourism.lodgings', 'Point');

create table tourism.events (
    name       text    not null,
    name_en    text,
    begins     date    not null,
    ends       date    not null,
    published  boolean not null default false,
    budget_eur integer check (budget_eur >= 0),
    check (ends >= begins)
);
call opensit.make_layer_table('tourism.events', 'Point');
