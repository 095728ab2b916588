-- IDs of the SIS that became others in a batch: of people, classrooms (kind `classroom`) and schools (kind `school`).

create table renumbered (
    district text not null,
    batch {int} not null,
    kind text not null check (kind in ('student', 'guardian', 'staff', 'classroom', 'school')),
    was text not null,
    key text not null,
    primary key (batch, kind, was)
) {strict};

create index renumbered_from on renumbered (district, was);

create index renumbered_to on renumbered (district, kind, key);
