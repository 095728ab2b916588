-- name: person_baseline
-- The people that the sync last brought.
select kind, key, given_name, family_name, email, sms, phone, language, grades, role, identifier, source
  from baseline_person
 where district = :district;

-- name: person_standing
-- What is in force for the staged keys; a cross join keeps the small stage in front (SQLite takes it at its word).
select f.kind, f.key, f.given_name, f.family_name, f.email, f.sms, f.phone, f.language, f.grades, f.role, f.identifier, f.source, f.account, f.managed_by, f.status
  from stage_person as s
 cross join person as f
 where f.district = :district
   and f.kind = s.kind and f.key = s.key;

-- name: person_remember
-- The staged people and their baseline as they are before this batch changes them: the undo record.
insert into undo_person (batch, action, district, kind, key, given_name, family_name, email, sms, phone, language, grades, role, identifier, source, account, managed_by, status, brought, given_name_brought, family_name_brought, email_brought, sms_brought, phone_brought, language_brought, grades_brought, role_brought, identifier_brought, source_brought)
select :batch, s.action, :district, s.kind, s.key, f.given_name, f.family_name, f.email, f.sms, f.phone, f.language, f.grades, f.role, f.identifier, f.source, f.account, f.managed_by, f.status, case when b.district is null then 0 else 1 end, b.given_name, b.family_name, b.email, b.sms, b.phone, b.language, b.grades, b.role, b.identifier, b.source
  from stage_person as s
  left join person as f
    on f.district = :district
   and f.kind = s.kind and f.key = s.key
  left join baseline_person as b
    on b.district = :district
   and b.kind = s.kind and b.key = s.key;

-- name: person_bring
-- Create, update and restore the staged people.
insert into person (district, kind, key, given_name, family_name, email, sms, phone, language, grades, role, identifier, source, account, managed_by, status, batch)
select :district, kind, key, given_name, family_name, email, sms, phone, language, grades, role, identifier, source, account, managed_by, status, :batch
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
       account = excluded.account,
       managed_by = excluded.managed_by,
       status = excluded.status,
       batch = excluded.batch;

-- name: person_take_out
-- Archive or end the staged people; nothing is deleted.
update person
   set status = case kind when 'student' then 'archived' else 'disconnected' end,
       batch = :batch
 where district = :district
   and (kind, key) in (select kind, key from stage_person where action = 'archived');

-- name: person_remove
-- Take back what an undone batch made, where nothing that stays points at it.
delete from person
 where district = :district
   and (kind, key) in (select kind, key from stage_person where action = 'removed')
   and not exists (select 1 from attachment as u where u.district = person.district and u.kind = person.kind and u.key = person.key)
   and not exists (select 1 from membership as u where u.district = person.district and u.kind = person.kind and u.key = person.key)
   and not exists (select 1 from guardianship as u where u.district = person.district and u.student_kind = person.kind and u.student = person.key)
   and not exists (select 1 from guardianship as u where u.district = person.district and u.guardian_kind = person.kind and u.guardian = person.key)
   and not exists (select 1 from attribute as u where u.district = person.district and u.student_kind = person.kind and u.student = person.key);

-- name: person_hand_over
-- What could not be taken back is no longer the sync's.
update person
   set managed_by = 'hand'
 where district = :district
   and (kind, key) in (select kind, key from stage_person where action = 'removed');

-- name: person_baseline_put
-- The baseline takes what the sync brought.
insert into baseline_person (district, kind, key, given_name, family_name, email, sms, phone, language, grades, role, identifier, source)
select :district, kind, key, given_name, family_name, email, sms, phone, language, grades, role, identifier, source
  from stage_person
 where brought = 1
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
   and (kind, key) in (select kind, key from stage_person where brought = 0);

-- name: person_undo
-- What a batch found before it changed it, and what it left behind (`_left`: what the next change found, else what is in force).
select u.kind, u.key, u.given_name, u.family_name, u.email, u.sms, u.phone, u.language, u.grades, u.role, u.identifier, u.source, u.account, u.managed_by, u.status, u.brought, u.given_name_brought, u.family_name_brought, u.email_brought, u.sms_brought, u.phone_brought, u.language_brought, u.grades_brought, u.role_brought, u.identifier_brought, u.source_brought,
       case when n.batch is null then f.given_name else n.given_name end as given_name_left, case when n.batch is null then f.family_name else n.family_name end as family_name_left, case when n.batch is null then f.email else n.email end as email_left, case when n.batch is null then f.sms else n.sms end as sms_left, case when n.batch is null then f.phone else n.phone end as phone_left, case when n.batch is null then f.language else n.language end as language_left, case when n.batch is null then f.grades else n.grades end as grades_left, case when n.batch is null then f.role else n.role end as role_left, case when n.batch is null then f.identifier else n.identifier end as identifier_left, case when n.batch is null then f.source else n.source end as source_left, case when n.batch is null then f.account else n.account end as account_left, case when n.batch is null then f.managed_by else n.managed_by end as managed_by_left, case when n.batch is null then f.status else n.status end as status_left,
       f.given_name as given_name_now, f.family_name as family_name_now, f.email as email_now, f.sms as sms_now, f.phone as phone_now, f.language as language_now, f.grades as grades_now, f.role as role_now, f.identifier as identifier_now, f.source as source_now, f.account as account_now, f.managed_by as managed_by_now, f.status as status_now
  from undo_person as u
  left join person as f
    on f.district = u.district
   and f.kind = u.kind and f.key = u.key
  left join undo_person as n
    on n.district = u.district
   and n.kind = u.kind and n.key = u.key
   and n.batch = (select min(m.batch) from undo_person as m where m.district = u.district and m.kind = u.kind and m.key = u.key and m.batch > u.batch)
 where u.batch = :batch;

-- name: person_between
-- What the batches after `before`, up to `after`, changed: as it was when the first of them found it, and as the last left it.
select u.kind, u.key, u.given_name, u.family_name, u.email, u.sms, u.phone, u.language, u.grades, u.role, u.identifier, u.source, u.account, u.managed_by, u.status,
       case when n.batch is null then f.given_name else n.given_name end as given_name_left, case when n.batch is null then f.family_name else n.family_name end as family_name_left, case when n.batch is null then f.email else n.email end as email_left, case when n.batch is null then f.sms else n.sms end as sms_left, case when n.batch is null then f.phone else n.phone end as phone_left, case when n.batch is null then f.language else n.language end as language_left, case when n.batch is null then f.grades else n.grades end as grades_left, case when n.batch is null then f.role else n.role end as role_left, case when n.batch is null then f.identifier else n.identifier end as identifier_left, case when n.batch is null then f.source else n.source end as source_left, case when n.batch is null then f.account else n.account end as account_left, case when n.batch is null then f.managed_by else n.managed_by end as managed_by_left, case when n.batch is null then f.status else n.status end as status_left
  from (select kind, key, min(batch) as batch
          from undo_person
         where district = :district and batch > :before and batch <= :after
         group by kind, key) as first
  join undo_person as u
    on u.district = :district
   and u.batch = first.batch
   and u.kind = first.kind and u.key = first.key
  left join person as f
    on f.district = :district
   and f.kind = u.kind and f.key = u.key
  left join undo_person as n
    on n.district = :district
   and n.kind = u.kind and n.key = u.key
   and n.batch = (select min(m.batch) from undo_person as m where m.district = :district and m.kind = u.kind and m.key = u.key and m.batch > :after);
