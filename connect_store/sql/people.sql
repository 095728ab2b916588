-- name: people
-- People of a district, for looking somebody up; the caller narrows by name. Case does not matter in an address.
select kind, key, given_name, family_name, email, sms, phone, language, grades, role, identifier, status, batch
  from person
 where district = :district
   and (cast(:kind as text) is null or kind = :kind)
   and (cast(:key as text) is null or key = :key or identifier = :key)
   and (cast(:contact as text) is null or lower(email) = lower(:contact) or sms = :contact or phone = :contact)
 order by family_name, given_name, kind, key;

-- name: schools_of
select school, status
  from attachment
 where district = :district
   and kind = :kind
   and key = :key
 order by school;

-- name: classrooms_of
select c.key, c.title, c.school, m.status, c.status as classroom_status
  from membership as m
  join classroom as c
    on c.district = m.district
   and c.key = m.classroom
 where m.district = :district
   and m.kind = :kind
   and m.key = :key
 order by c.title, c.key;

-- name: guardians_of
select p.key, p.given_name, p.family_name, p.email, p.sms, g.status
  from guardianship as g
  join person as p
    on p.district = g.district
   and p.kind = 'guardian'
   and p.key = g.guardian
 where g.district = :district
   and g.student = :key
 order by p.family_name, p.given_name, p.key;

-- name: students_of
select p.key, p.given_name, p.family_name, p.grades, g.status
  from guardianship as g
  join person as p
    on p.district = g.district
   and p.kind = 'student'
   and p.key = g.student
 where g.district = :district
   and g.guardian = :key
 order by p.family_name, p.given_name, p.key;

-- name: attributes_of
select name, value
  from attribute
 where district = :district
   and student = :key
   and status = 'active'
   and value is not null
 order by name;

-- name: guardian_keys
-- Guardians that Connect has: one of them who lost every contact is no newcomer.
select key
  from baseline_person
 where district = :district
   and kind = 'guardian';

-- name: guardians_file_seen
-- Whether guardians.csv has ever brought a link.
select count(*)
  from (select 1 from baseline_guardianship where district = :district and source = 'guardians' limit 1) as seen;

-- name: headcount
-- How many people of each kind are active.
select kind, count(*)
  from person
 where district = :district
   and status = 'active'
 group by kind
 order by kind;

-- name: adults_called
-- Guardians and staff of a family name, for who is one account.
select kind, key, status, given_name, family_name, email, sms
  from person
 where district = :district
   and kind <> 'student'
   and family_name = :family_name
 order by kind, key;

-- name: who_has
-- Who is reached by an e-mail address or a mobile number, and may log in with it.
select kind, key
  from person
 where district = :district
   and status = 'active'
   and account <> 'none'
   and (lower(email) = lower(cast(:email as text)) or sms = cast(:sms as text))
 order by kind, key;

-- name: logged_in
-- Guardians and staff who have logged in.
select kind, key, given_name, family_name, email, sms
  from person
 where district = :district
   and account = 'active'
   and kind <> 'student';

-- name: contact_holders
-- Who has an e-mail address or a mobile number, and who decides it.
select f.kind, f.key, f.given_name, f.family_name, f.email, f.sms,
       case when b.district is null then 'hand'
            when f.kind <> 'student' and :active_users = 1 then 'files'
            when f.kind <> 'student' and f.account = 'active' then 'user'
            when f.email is distinct from b.email or f.sms is distinct from b.sms then 'hand'
            else 'files' end
  from person as f
  left join baseline_person as b
    on b.district = f.district
   and b.kind = f.kind
   and b.key = f.key
 where f.district = :district
   and f.status = 'active'
   and f.account <> 'none'
   and (f.email is not null or f.sms is not null)
 order by f.kind, f.key;

-- name: people_owned_anew
-- People of the sync whose record the source does not change, and a setting does: contact details that differ from what
-- the sync brought, students without an account.
select f.kind, f.key
  from person as f
  join baseline_person as b
    on b.district = f.district
   and b.kind = f.kind
   and b.key = f.key
 where f.district = :district
   and (   (:contacts = 1 and f.kind <> 'student'
            and (   f.given_name is distinct from b.given_name
                 or f.family_name is distinct from b.family_name
                 or f.email is distinct from b.email
                 or f.sms is distinct from b.sms
                 or f.phone is distinct from b.phone))
        or (:accounts = 1 and f.kind = 'student' and f.account = 'none'));

-- name: classrooms_owned_anew
-- Classrooms that the sync brings night for night and that somebody archived, or gave another name.
select f.key
  from classroom as f
  join baseline_classroom as b
    on b.district = f.district
   and b.key = f.key
 where f.district = :district
   and (   (:archived = 1 and f.status = 'archived')
        or (:titles = 1 and f.title is distinct from b.title));

-- name: managed_by_sync
-- How many active records of each kind the sync has brought.
select kind, count(*)
  from person
 where district = :district and managed_by = 'sync' and status = 'active'
 group by kind
 union all
select 'classroom', count(*)
  from classroom
 where district = :district and managed_by = 'sync' and status = 'active'
 union all
select 'membership', count(*)
  from membership
 where district = :district and managed_by = 'sync' and status = 'active'
 union all
select 'guardianship', count(*)
  from guardianship
 where district = :district and managed_by = 'sync' and status = 'active';
