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
