-- name: permissions_of
select permission
  from permission
 where district = :district
   and staff = :staff
 order by permission;

-- name: grant
insert into permission (district, staff, permission)
values (:district, :staff, :permission)
    on conflict (district, staff, permission) do nothing;

-- name: revoke
delete from permission
 where district = :district
   and staff = :staff
   and permission = :permission;

-- name: attachment_of_staged
-- The schools of the staged people.
select f.kind, f.key, f.school, f.source, f.managed_by, f.status
  from stage_person as s
 cross join attachment as f
 where f.district = :district
   and f.kind = s.kind and f.key = s.key;

-- name: membership_of_staged
select f.classroom, f.kind, f.key, f.managed_by, f.status
  from stage_person as s
 cross join membership as f
 where f.district = :district
   and f.kind = s.kind and f.key = s.key;

-- name: guardianship_of_staged
-- Every link in which one of the staged people is the student or the guardian, once.
select f.student, f.guardian, f.source, f.managed_by, f.status
  from stage_person as s
 cross join guardianship as f
 where f.district = :district
   and s.kind = 'student' and f.student = s.key
 union
select f.student, f.guardian, f.source, f.managed_by, f.status
  from stage_person as s
 cross join guardianship as f
 where f.district = :district
   and s.kind = 'guardian' and f.guardian = s.key;

-- name: attribute_of_staged
select f.student, f.name, f.value, f.managed_by, f.status
  from stage_person as s
 cross join attribute as f
 where f.district = :district
   and s.kind = 'student' and f.student = s.key;

-- name: families_of_school
-- Who is linked as a guardian to a student of a school.
select g.student, g.guardian
  from guardianship as g
  join attachment as a
    on a.district = g.district
   and a.kind = 'student' and a.key = g.student
 where g.district = :district
   and g.status = 'active'
   and a.school = :school and a.status = 'active'
 order by g.student, g.guardian;

-- name: members_of
select kind, key, managed_by, status
  from membership
 where district = :district
   and classroom = :classroom
 order by kind, key;

-- name: hand_made_classrooms
select key, title, school, status
  from classroom
 where district = :district
   and managed_by = 'hand'
 order by title, key;
