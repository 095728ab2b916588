-- The Connect store: what is in force, what the sync last brought (baseline_*), what was there before each change
-- (undo_*), and the ledger of batches. The district stands in every key: nothing is shared across districts.
-- Times are UTC text of fixed width; text keys compare byte by byte.

create table person (
    district text not null,
    kind text not null check (kind in ('student', 'guardian', 'staff')),
    key text not null,
    given_name text,
    family_name text,
    email text,
    sms text,
    phone text,
    language text,
    grades text,
    role text,
    identifier text,
    source text,
    status text not null check (status in ('active', 'archived', 'disconnected')),
    batch {int} not null,
    primary key (district, kind, key)
) {strict};

create table attachment (
    district text not null,
    kind text not null,
    key text not null,
    school text not null,
    source text,
    status text not null check (status in ('active', 'ended')),
    batch {int} not null,
    primary key (district, kind, key, school),
    foreign key (district, kind, key) references person (district, kind, key)
) {strict};

create table classroom (
    district text not null,
    key text not null,
    school text,
    title text,
    grades text,
    status text not null check (status in ('active', 'archived')),
    batch {int} not null,
    primary key (district, key)
) {strict};

create table membership (
    district text not null,
    classroom text not null,
    kind text not null,
    key text not null,
    status text not null check (status in ('active', 'ended')),
    batch {int} not null,
    primary key (district, classroom, kind, key),
    foreign key (district, classroom) references classroom (district, key),
    foreign key (district, kind, key) references person (district, kind, key)
) {strict};

create index membership_of_person on membership (district, kind, key);

-- The kinds are fixed columns so that both ends can be foreign keys.
create table guardianship (
    district text not null,
    student text not null,
    guardian text not null,
    source text,
    status text not null check (status in ('active', 'ended')),
    batch {int} not null,
    student_kind text not null default 'student' check (student_kind = 'student'),
    guardian_kind text not null default 'guardian' check (guardian_kind = 'guardian'),
    primary key (district, student, guardian),
    foreign key (district, student_kind, student) references person (district, kind, key),
    foreign key (district, guardian_kind, guardian) references person (district, kind, key)
) {strict};

create index guardianship_of_guardian on guardianship (district, guardian);

create table baseline_person (
    district text not null,
    kind text not null,
    key text not null,
    given_name text,
    family_name text,
    email text,
    sms text,
    phone text,
    language text,
    grades text,
    role text,
    identifier text,
    source text,
    primary key (district, kind, key)
) {strict};

create table baseline_attachment (
    district text not null,
    kind text not null,
    key text not null,
    school text not null,
    source text,
    primary key (district, kind, key, school)
) {strict};

create table baseline_classroom (
    district text not null,
    key text not null,
    school text,
    title text,
    grades text,
    primary key (district, key)
) {strict};

create table baseline_membership (
    district text not null,
    classroom text not null,
    kind text not null,
    key text not null,
    primary key (district, classroom, kind, key)
) {strict};

create table baseline_guardianship (
    district text not null,
    student text not null,
    guardian text not null,
    source text,
    primary key (district, student, guardian)
) {strict};

-- A row of undo_* is the record as it was before the batch changed it; a null status: it did not exist.

create table undo_person (
    batch {int} not null,
    action text not null,
    district text not null,
    kind text not null,
    key text not null,
    given_name text,
    family_name text,
    email text,
    sms text,
    phone text,
    language text,
    grades text,
    role text,
    identifier text,
    source text,
    status text,
    primary key (batch, kind, key)
) {strict};

create index undo_person_by_key on undo_person (district, kind, key);

create table undo_attachment (
    batch {int} not null,
    action text not null,
    district text not null,
    kind text not null,
    key text not null,
    school text not null,
    source text,
    status text,
    primary key (batch, kind, key, school)
) {strict};

create table undo_classroom (
    batch {int} not null,
    action text not null,
    district text not null,
    key text not null,
    school text,
    title text,
    grades text,
    status text,
    primary key (batch, key)
) {strict};

create table undo_membership (
    batch {int} not null,
    action text not null,
    district text not null,
    classroom text not null,
    kind text not null,
    key text not null,
    status text,
    primary key (batch, classroom, kind, key)
) {strict};

create table undo_guardianship (
    batch {int} not null,
    action text not null,
    district text not null,
    student text not null,
    guardian text not null,
    source text,
    status text,
    primary key (batch, student, guardian)
) {strict};

create table batch (
    id {id},
    district text not null,
    test {int} not null,
    origin text not null,
    received text not null,
    state text not null,
    attempt {int} not null default 0,
    verdict text,
    requeue_of {int},
    files text not null,
    changes text,
    summary text,
    decided text
) {strict};

create index batch_of_district on batch (district, id);

-- The backstop of the district's lock: two batches of one district are never in work at once.
create unique index one_batch_in_work on batch (district) where state = 'working';

create table event (
    id {id},
    batch {int} not null references batch (id),
    at text not null,
    event text not null,
    who text not null,
    detail text
) {strict};

create index event_of_batch on event (batch, id);
