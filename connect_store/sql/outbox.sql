-- name: brought_anybody
-- Whether the sync has people in Connect already.
select count(*)
  from (select 1 from baseline_person where district = :district limit 1) as brought;

-- name: tell_people
-- Who came, left or returned with the batch: its undo record beside what is in force now.
insert into outbox (district, batch, at, event, kind, key)
select :district, :batch, :at,
       case when u.status is null then 'person_created'
            when f.status is null then 'person_removed'
            when f.status = 'active' and u.kind = 'student' then 'student_restored'
            when u.kind = 'student' then 'student_archived'
            when f.status = 'active' then 'person_restored'
            else 'person_disconnected' end,
       u.kind, u.key
  from undo_person as u
  left join person as f
    on f.district = u.district
   and f.kind = u.kind and f.key = u.key
 where u.batch = :batch
   and u.status is distinct from f.status
 order by u.kind, u.key;

-- name: tell_credentials
-- Whose login the batch changed; whoever has not logged in yet has none.
insert into outbox (district, batch, at, event, kind, key, detail)
select :district, :batch, :at, 'credential_changed', u.kind, u.key,
       case when u.email is not distinct from f.email then 'sms'
            when u.sms is not distinct from f.sms then 'email'
            else 'email,sms' end
  from undo_person as u
  join person as f
    on f.district = u.district
   and f.kind = u.kind and f.key = u.key
 where u.batch = :batch
   and u.status is not null
   and u.account = 'active'
   and (u.email is distinct from f.email or u.sms is distinct from f.sms)
 order by u.kind, u.key;

-- name: tell_guardianships
-- Which guardians the batch linked to a student or disconnected from one.
insert into outbox (district, batch, at, event, kind, key, student)
select :district, :batch, :at,
       case when f.status = 'active' then 'guardian_linked' else 'guardian_disconnected' end,
       'guardian', u.guardian, u.student
  from undo_guardianship as u
  left join guardianship as f
    on f.district = u.district
   and f.student = u.student and f.guardian = u.guardian
 where u.batch = :batch
   and coalesce(u.status, 'ended') <> coalesce(f.status, 'ended')
 order by u.student, u.guardian;

-- name: outbox_after
-- Events of a district (or of all) after a cursor, oldest first.
select id, district, batch, at, event, kind, key, student, detail
  from outbox
 where (cast(:district as text) is null or district = :district)
   and id > :cursor
 order by id
 limit :most;

-- name: tell_notice
-- What the administrators of a district are to know of its sync.
insert into outbox (district, batch, at, event, kind, key, detail)
values (:district, :batch, :at, :event, 'district', :district, :reason);

-- name: last_notice
select event
  from outbox
 where district = :district
   and kind = 'district'
 order by id desc
 limit 1;
