-- name: membership_baseline
-- The memberships of people in classrooms that the sync last brought.
select classroom, kind, key
  from baseline_membership
 where district = :district;

-- name: membership_standing
-- What is in force for the staged keys; a cross join keeps the small stage in front (SQLite takes it at its word).
select f.classroom, f.kind, f.key, f.status
  from stage_membership as s
 cross join membership as f
 where f.district = :district
   and f.classroom = s.classroom and f.kind = s.kind and f.key = s.key;

-- name: membership_remember
-- The staged memberships of people in classrooms as they are before this batch changes them: the undo record.
insert into undo_membership (batch, action, district, classroom, kind, key, status)
select :batch, s.action, :district, s.classroom, s.kind, s.key, f.status
  from stage_membership as s
  left join membership as f
    on f.district = :district
   and f.classroom = s.classroom and f.kind = s.kind and f.key = s.key
 where s.action <> 'unchanged';

-- name: membership_bring
-- Create, update and restore the staged memberships of people in classrooms.
insert into membership (district, classroom, kind, key, status, batch)
select :district, classroom, kind, key, 'active', :batch
  from stage_membership
 where action in ('created', 'updated', 'restored')
    on conflict (district, classroom, kind, key) do update
   set status = excluded.status,
       batch = excluded.batch;

-- name: membership_take_out
-- Archive or end the staged memberships of people in classrooms; nothing is deleted.
update membership
   set status = 'ended',
       batch = :batch
 where district = :district
   and (classroom, kind, key) in (select classroom, kind, key from stage_membership where action = 'archived');

-- name: membership_baseline_put
-- The baseline takes what the sync brought.
insert into baseline_membership (district, classroom, kind, key)
select :district, classroom, kind, key
  from stage_membership
 where action <> 'archived'
    on conflict (district, classroom, kind, key) do nothing;

-- name: membership_baseline_drop
-- The baseline forgets what the sync took out.
delete from baseline_membership
 where district = :district
   and (classroom, kind, key) in (select classroom, kind, key from stage_membership where action = 'archived');
