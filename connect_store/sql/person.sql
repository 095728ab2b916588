-- name: person_baseline
-- The people that the sync last brought.
select kind, key, given_name, family_name, email, sms, phone, language, grades, role, identifier, source
  from baseline_person
 where district = :district;

-- name: person_standing
-- What is in force for the staged keys; a cross join keeps the small stage in front (SQLite takes it at its word).
select f.kind, f.key, f.given_name, f.family_name, f.email, f.sms, f.phone, f.language, f.grades, f.role, f.identifier, f.source, f.status
  from stage_person as s
 cross join person as f
 where f.district = :district
   and f.kind = s.kind and f.key = s.key;

-- name: person_remember
-- The staged people as they are before this batch changes them: the undo record.
insert into undo_person (batch, action, district, kind, key, given_name, family_name, email, sms, phone, language, grades, role, identifier, source, status)
select :batch, s.action, :district, s.kind, s.key, f.given_name, f.family_name, f.email, f.sms, f.phone, f.language, f.grades, f.role, f.identifier, f.source, f.status
  from stage_person as s
  left join person as f
    on f.district = :district
   and f.kind = s.kind and f.key = s.key
 where s.action <> 'unchanged';

-- name: person_bring
-- Create, update and restore the staged people.
insert into person (district, kind, key, given_name, family_name, email, sms, phone, language, grades, role, identifier, source, status, batch)
select :district, kind, key, given_name, family_name, email, sms, phone, language, grades, role, identifier, source, 'active', :batch
  from stage_person
 where action in ('created', 'updated', 'restored')
    on conflict (district, kind, key) do update
   set given_name = excluded.given_name,
       family_name = excluded.family_name,
       email = excluded.email,
       sms = excluded.sms,
       phone = excluded.phone,
       language = excluded.language,
       grades = excluded.grades,
       role = excluded.role,
       identifier = excluded.identifier,
       source = excluded.source,
       status = excluded.status,
       batch = excluded.batch;

-- name: person_take_out
-- Archive or end the staged people; nothing is deleted.
update person
   set status = case kind when 'student' then 'archived' else 'disconnected' end,
       batch = :batch
 where district = :district
   and (kind, key) in (select kind, key from stage_person where action = 'archived');

-- name: person_baseline_put
-- The baseline takes what the sync brought.
insert into baseline_person (district, kind, key, given_name, family_name, email, sms, phone, language, grades, role, identifier, source)
select :district, kind, key, given_name, family_name, email, sms, phone, language, grades, role, identifier, source
  from stage_person
 where action <> 'archived'
    on conflict (district, kind, key) do update
   set given_name = excluded.given_name,
       family_name = excluded.family_name,
       email = excluded.email,
       sms = excluded.sms,
       phone = excluded.phone,
       language = excluded.language,
       grades = excluded.grades,
       role = excluded.role,
       identifier = excluded.identifier,
       source = excluded.source;

-- name: person_baseline_drop
-- The baseline forgets what the sync took out.
delete from baseline_person
 where district = :district
   and (kind, key) in (select kind, key from stage_person where action = 'archived');
