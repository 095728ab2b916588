-- The roster as a batch left it: what nothing changed since is in force, of the rest the next change tells how it was.

-- name: person_as_of
select f.kind, f.key, f.given_name, f.family_name, f.email, f.sms, f.phone, f.language, f.grades, f.role, f.identifier, f.source, f.account, f.managed_by, f.status
  from person as f
 where f.district = :district
   and not exists (select 1 from undo_person as m where m.district = f.district and m.kind = f.kind and m.key = f.key and m.batch > :batch)
 union all
select u.kind, u.key, u.given_name, u.family_name, u.email, u.sms, u.phone, u.language, u.grades, u.role, u.identifier, u.source, u.account, u.managed_by, u.status
  from undo_person as u
 where u.district = :district
   and u.batch > :batch
   and u.status is not null
   and not exists (select 1 from undo_person as m where m.district = u.district and m.kind = u.kind and m.key = u.key and m.batch > :batch and m.batch < u.batch);

-- name: attachment_as_of
select f.kind, f.key, f.school, f.source, f.managed_by, f.status
  from attachment as f
 where f.district = :district
   and not exists (select 1 from undo_attachment as m where m.district = f.district and m.kind = f.kind and m.key = f.key and m.school = f.school and m.batch > :batch)
 union all
select u.kind, u.key, u.school, u.source, u.managed_by, u.status
  from undo_attachment as u
 where u.district = :district
   and u.batch > :batch
   and u.status is not null
   and not exists (select 1 from undo_attachment as m where m.district = u.district and m.kind = u.kind and m.key = u.key and m.school = u.school and m.batch > :batch and m.batch < u.batch);

-- name: classroom_as_of
select f.key, f.school, f.title, f.grades, f.managed_by, f.status
  from classroom as f
 where f.district = :district
   and not exists (select 1 from undo_classroom as m where m.district = f.district and m.key = f.key and m.batch > :batch)
 union all
select u.key, u.school, u.title, u.grades, u.managed_by, u.status
  from undo_classroom as u
 where u.district = :district
   and u.batch > :batch
   and u.status is not null
   and not exists (select 1 from undo_classroom as m where m.district = u.district and m.key = u.key and m.batch > :batch and m.batch < u.batch);

-- name: membership_as_of
select f.classroom, f.kind, f.key, f.managed_by, f.status
  from membership as f
 where f.district = :district
   and not exists (select 1 from undo_membership as m where m.district = f.district and m.classroom = f.classroom and m.kind = f.kind and m.key = f.key and m.batch > :batch)
 union all
select u.classroom, u.kind, u.key, u.managed_by, u.status
  from undo_membership as u
 where u.district = :district
   and u.batch > :batch
   and u.status is not null
   and not exists (select 1 from undo_membership as m where m.district = u.district and m.classroom = u.classroom and m.kind = u.kind and m.key = u.key and m.batch > :batch and m.batch < u.batch);

-- name: guardianship_as_of
select f.student, f.guardian, f.source, f.managed_by, f.status
  from guardianship as f
 where f.district = :district
   and not exists (select 1 from undo_guardianship as m where m.district = f.district and m.student = f.student and m.guardian = f.guardian and m.batch > :batch)
 union all
select u.student, u.guardian, u.source, u.managed_by, u.status
  from undo_guardianship as u
 where u.district = :district
   and u.batch > :batch
   and u.status is not null
   and not exists (select 1 from undo_guardianship as m where m.district = u.district and m.student = u.student and m.guardian = u.guardian and m.batch > :batch and m.batch < u.batch);

-- name: attribute_as_of
select f.student, f.name, f.value, f.managed_by, f.status
  from attribute as f
 where f.district = :district
   and not exists (select 1 from undo_attribute as m where m.district = f.district and m.student = f.student and m.name = f.name and m.batch > :batch)
 union all
select u.student, u.name, u.value, u.managed_by, u.status
  from undo_attribute as u
 where u.district = :district
   and u.batch > :batch
   and u.status is not null
   and not exists (select 1 from undo_attribute as m where m.district = u.district and m.student = u.student and m.name = u.name and m.batch > :batch and m.batch < u.batch);

-- name: last_batch_before
-- The newest batch that came before a moment; what people do by hand is one too.
select coalesce(max(id), 0)
  from batch
 where district = :district
   and received < :moment;
