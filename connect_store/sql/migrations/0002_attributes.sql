-- What else is known of a student: one record for each attribute, which a file names as it likes.

create table attribute (
    district text not null,
    student text not null,
    name text not null,
    value text,
    status text not null check (status in ('active', 'ended')),
    batch {int} not null,
    student_kind text not null default 'student' check (student_kind = 'student'),
    primary key (district, student, name),
    foreign key (district, student_kind, student) references person (district, kind, key)
) {strict};

create table baseline_attribute (
    district text not null,
    student text not null,
    name text not null,
    value text,
    primary key (district, student, name)
) {strict};

create table undo_attribute (
    batch {int} not null,
    action text not null,
    district text not null,
    student text not null,
    name text not null,
    value text,
    status text,
    primary key (batch, student, name)
) {strict};
