-- What programs beside rosterdrop read: these names and columns stay whatever becomes of the tables behind them.

create view connect_student as
select district, key as student, identifier, given_name, family_name, email, sms, phone, language, grades, account, managed_by, status, batch
  from person
 where kind = 'student';

create view connect_guardian as
select district, key as guardian, given_name, family_name, email, sms, phone, language, account, managed_by, status, batch
  from person
 where kind = 'guardian';

create view connect_staff as
select district, key as staff, identifier, given_name, family_name, email, sms, phone, language, role, account, managed_by, status, batch
  from person
 where kind = 'staff';

create view connect_school_of_person as
select district, kind, key as person, school, managed_by, status, batch
  from attachment;

create view connect_classroom as
select district, key as classroom, school, title, grades, managed_by, status, batch
  from classroom;

create view connect_membership as
select district, classroom, kind, key as person, managed_by, status, batch
  from membership;

create view connect_guardianship as
select district, student, guardian, managed_by, status, batch
  from guardianship;
