-- name: people_in_schools
-- People with the schools where they are, those of the sync or those that people made; somebody in two schools twice.
-- A guardian of no student is nobody's any more.
select f.kind, f.key, f.given_name, f.family_name, f.email, f.sms, f.grades, f.account, f.status, a.school
  from person as f
  join attachment as a
    on a.district = f.district
   and a.kind = f.kind and a.key = f.key
 where f.district = :district
   and f.managed_by = :managed_by
   and a.status = 'active'
   and (f.kind <> 'guardian'
        or exists (select 1 from guardianship as g
                    where g.district = f.district and g.guardian = f.key and g.status = 'active'))
 order by f.kind, f.key, a.school;

-- name: classrooms_in_schools
-- Active classrooms, those of the sync or those that people made.
select key, title, school
  from classroom
 where district = :district
   and managed_by = :managed_by
   and status = 'active'
 order by key;

-- name: students_by_hand
-- Active students of a school whom people made.
select f.kind, f.key
  from person as f
  join attachment as a
    on a.district = f.district
   and a.kind = f.kind and a.key = f.key
 where f.district = :district
   and f.kind = 'student' and f.managed_by = 'hand' and f.status = 'active'
   and a.school = :school and a.status = 'active'
 order by f.key;

-- name: people_of_school_alone
-- People whom the sync brought to a school and who are active in no other one.
select distinct f.kind, f.key
  from person as f
  join attachment as a
    on a.district = f.district
   and a.kind = f.kind and a.key = f.key
 where f.district = :district
   and f.managed_by = 'sync'
   and a.school = :school
   and not exists (select 1 from attachment as o
                    where o.district = f.district and o.kind = f.kind and o.key = f.key
                      and o.school <> :school and o.status = 'active');

-- name: attachment_of_school
select kind, key, school, source, managed_by, status
  from attachment
 where district = :district
   and school = :school;

-- name: classroom_of_school
select key, school, title, grades, managed_by, status
  from classroom
 where district = :district
   and school = :school;

-- name: membership_of_school
select m.classroom, m.kind, m.key, m.managed_by, m.status
  from membership as m
  join classroom as c
    on c.district = m.district
   and c.key = m.classroom
 where m.district = :district
   and c.school = :school;

-- name: student_grades_of_school
-- Students who are at a school, with their grades.
select f.key, f.grades
  from person as f
  join attachment as a
    on a.district = f.district
   and a.kind = f.kind and a.key = f.key
 where f.district = :district
   and f.kind = 'student'
   and a.school = :school and a.status = 'active';

-- name: guardianship_of_school
-- The families of the students who are at a school.
select g.student, g.guardian, g.source, g.managed_by, g.status
  from guardianship as g
  join attachment as a
    on a.district = g.district
   and a.kind = 'student' and a.key = g.student
 where g.district = :district
   and a.school = :school and a.status = 'active';
