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

-- name: links_of_student
-- Everything that hangs on a student, for a merge: what, the other end, its status.
select 'classroom', classroom, status
  from membership
 where district = :district and kind = 'student' and key = :key
 union all
select 'guardian', guardian, status
  from guardianship
 where district = :district and student = :key
 union all
select 'attribute', name, status
  from attribute
 where district = :district and student = :key;

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
