-- Beside the sync people work in Connect by hand: who manages a record, whether somebody has an account, and an undo
-- record that knows the baseline too.

alter table person add column account text not null default 'invitee' check (account in ('none', 'invitee', 'active'));
update person set account = 'none' where kind = 'student';

alter table undo_person add column account text;

alter table person add column managed_by text not null default 'sync' check (managed_by in ('sync', 'hand'));

alter table undo_person add column managed_by text;
alter table undo_person add column brought {int};
alter table undo_person add column given_name_brought text;
alter table undo_person add column family_name_brought text;
alter table undo_person add column email_brought text;
alter table undo_person add column sms_brought text;
alter table undo_person add column phone_brought text;
alter table undo_person add column language_brought text;
alter table undo_person add column grades_brought text;
alter table undo_person add column role_brought text;
alter table undo_person add column identifier_brought text;
alter table undo_person add column source_brought text;

alter table attachment add column managed_by text not null default 'sync' check (managed_by in ('sync', 'hand'));

alter table undo_attachment add column managed_by text;
alter table undo_attachment add column brought {int};
alter table undo_attachment add column source_brought text;

create index undo_attachment_by_key on undo_attachment (district, kind, key, school);

alter table classroom add column managed_by text not null default 'sync' check (managed_by in ('sync', 'hand'));

alter table undo_classroom add column managed_by text;
alter table undo_classroom add column brought {int};
alter table undo_classroom add column school_brought text;
alter table undo_classroom add column title_brought text;
alter table undo_classroom add column grades_brought text;

create index undo_classroom_by_key on undo_classroom (district, key);

alter table membership add column managed_by text not null default 'sync' check (managed_by in ('sync', 'hand'));

alter table undo_membership add column managed_by text;
alter table undo_membership add column brought {int};

create index undo_membership_by_key on undo_membership (district, classroom, kind, key);

alter table guardianship add column managed_by text not null default 'sync' check (managed_by in ('sync', 'hand'));

alter table undo_guardianship add column managed_by text;
alter table undo_guardianship add column brought {int};
alter table undo_guardianship add column source_brought text;

create index undo_guardianship_by_key on undo_guardianship (district, student, guardian);

alter table attribute add column managed_by text not null default 'sync' check (managed_by in ('sync', 'hand'));

alter table undo_attribute add column managed_by text;
alter table undo_attribute add column brought {int};
alter table undo_attribute add column value_brought text;

create index undo_attribute_by_key on undo_attribute (district, student, name);

-- Districts of which nothing is applied until somebody resumes them.
create table pause (
    district text not null primary key,
    since text not null,
    who text not null,
    why text not null
) {strict};

-- What staff may do in Connect beyond their own classrooms (connect-behaviour 8.1).
create table permission (
    district text not null,
    staff text not null,
    permission text not null,
    primary key (district, staff, permission)
) {strict};
