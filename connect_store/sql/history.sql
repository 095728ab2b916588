-- name: person_history
-- How a person was before each change, oldest first, and who made the change.
select u.batch, b.received, b.origin, coalesce((select e.who from event as e where e.batch = b.id order by e.id limit 1), ''), u.given_name, u.family_name, u.email, u.sms, u.phone, u.language, u.grades, u.role, u.identifier, u.source, u.account, u.managed_by, u.status
  from undo_person as u
  join batch as b
    on b.id = u.batch
 where u.district = :district
   and u.kind = :kind
   and u.key = :key
 order by u.batch;

-- name: who_did
-- When a batch came, which way, and who began it.
select b.received, b.origin, coalesce((select e.who from event as e where e.batch = b.id order by e.id limit 1), '')
  from batch as b
 where b.id = :batch;

-- name: person_now
select given_name, family_name, email, sms, phone, language, grades, role, identifier, source, account, managed_by, status
  from person
 where district = :district
   and kind = :kind
   and key = :key;

-- name: person_brought
select given_name, family_name, email, sms, phone, language, grades, role, identifier, source
  from baseline_person
 where district = :district
   and kind = :kind
   and key = :key;

-- name: link_history
-- When schools, classes and family links of a person changed, and how they were before; other IDs change no link.
select u.batch, b.received, b.origin, coalesce((select e.who from event as e where e.batch = b.id order by e.id limit 1), ''), u.what, u.other, u.action, u.status
  from (select batch, 'school' as what, school as other, action, status from undo_attachment
         where district = :district and kind = :kind and key = :key and action <> 'unchanged'
        union all
        select batch, 'class', classroom, action, status from undo_membership
         where district = :district and kind = :kind and key = :key and action <> 'unchanged'
        union all
        select batch, 'guardian', guardian, action, status from undo_guardianship
         where district = :district and :kind = 'student' and student = :key and action <> 'unchanged'
        union all
        select batch, 'student', student, action, status from undo_guardianship
         where district = :district and :kind = 'guardian' and guardian = :key and action <> 'unchanged') as u
  join batch as b
    on b.id = u.batch
 where not exists (select 1 from renumbered as r where r.batch = u.batch)
 order by u.batch, u.what, u.other;
