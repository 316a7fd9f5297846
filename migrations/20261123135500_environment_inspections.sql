-- Stability checks of trees: papers of the office.
create table environment.tree_inspections (
    tree      text not null,
    risk      text not null check (risk in ('A', 'B', 'C', 'C/D', 'D')),
    inspected date not null,
    notes     text
);
call opensit.make_layer_table('environment.tree_inspections', 'Point');
