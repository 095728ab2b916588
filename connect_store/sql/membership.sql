-- name: membership_baseline
-- The memberships of people in classrooms that the sync last brought.
select classroom, kind, key
  from baseline_membership
 where district = :district;

-- name: membership_standing
-- What is in force for the staged keys; a cross join keeps the small stage in front (SQLite takes it at its word).
select f.classroom, f.kind, f.key, f.managed_by, f.status
  from stage_membership as s
 cross join membership as f
 where f.district = :district
   and f.classroom = s.classroom and f.kind = s.kind and f.key = s.key;

-- name: membership_remember
-- The staged memberships of people in classrooms and their baseline as they are before this batch changes them: the undo record.
insert into undo_membership (batch, action, district, classroom, kind, key, managed_by, status, brought)
select :batch, s.action, :district, s.classroom, s.kind, s.key, f.managed_by, f.status, case when b.district is null then 0 else 1 end
  from stage_membership as s
  left join membership as f
    on f.district = :district
   and f.classroom = s.classroom and f.kind = s.kind and f.key = s.key
  left join baseline_membership as b
    on b.district = :district
   and b.classroom = s.classroom and b.kind = s.kind and b.key = s.key;

-- name: membership_bring
-- Create, update and restore the staged memberships of people in classrooms.
insert into membership (district, classroom, kind, key, managed_by, status, batch)
select :district, classroom, kind, key, managed_by, status, :batch
  from stage_membership
 where action in ('created', 'updated', 'restored')
    on conflict (district, classroom, kind, key) do update
   set managed_by = excluded.managed_by,
       status = excluded.status,
       batch = excluded.batch;

-- name: membership_take_out
-- Archive or end the staged memberships of people in classrooms; nothing is deleted.
update membership
   set status = 'ended',
       batch = :batch
 where district = :district
   and (classroom, kind, key) in (select classroom, kind, key from stage_membership where action = 'archived');

-- name: membership_remove
-- Take back what an undone batch made.
delete from membership
 where district = :district
   and (classroom, kind, key) in (select classroom, kind, key from stage_membership where action = 'removed');

-- name: membership_hand_over
-- What could not be taken back is no longer the sync's.
update membership
   set managed_by = 'hand'
 where district = :district
   and (classroom, kind, key) in (select classroom, kind, key from stage_membership where action = 'removed');

-- name: membership_baseline_put
-- The baseline takes what the sync brought.
insert into baseline_membership (district, classroom, kind, key)
select :district, classroom, kind, key
  from stage_membership
 where brought = 1
    on conflict (district, classroom, kind, key) do nothing;

-- name: membership_baseline_drop
-- The baseline forgets what the sync took out.
delete from baseline_membership
 where district = :district
   and (classroom, kind, key) in (select classroom, kind, key from stage_membership where brought = 0);

-- name: membership_undo
-- What a batch found before it changed it, and what it left behind (`_left`: what the next change found, else what is in force).
select u.classroom, u.kind, u.key, u.managed_by, u.status, u.brought,
       case when n.batch is null then f.managed_by else n.managed_by end as managed_by_left, case when n.batch is null then f.status else n.status end as status_left,
       f.managed_by as managed_by_now, f.status as status_now
  from undo_membership as u
  left join membership as f
    on f.district = u.district
   and f.classroom = u.classroom and f.kind = u.kind and f.key = u.key
  left join undo_membership as n
    on n.district = u.district
   and n.classroom = u.classroom and n.kind = u.kind and n.key = u.key
   and n.batch = (select min(m.batch) from undo_membership as m where m.district = u.district and m.classroom = u.classroom and m.kind = u.kind and m.key = u.key and m.batch > u.batch)
 where u.batch = :batch;

-- name: membership_between
-- What the batches after `before`, up to `after`, changed: as it was when the first of them found it, and as the last left it.
select u.classroom, u.kind, u.key, u.managed_by, u.status,
       case when n.batch is null then f.managed_by else n.managed_by end as managed_by_left, case when n.batch is null then f.status else n.status end as status_left
  from (select classroom, kind, key, min(batch) as batch
          from undo_membership
         where district = :district and batch > :before and batch <= :after
         group by classroom, kind, key) as first
  join undo_membership as u
    on u.district = :district
   and u.batch = first.batch
   and u.classroom = first.classroom and u.kind = first.kind and u.key = first.key
  left join membership as f
    on f.district = :district
   and f.classroom = u.classroom and f.kind = u.kind and f.key = u.key
  left join undo_membership as n
    on n.district = :district
   and n.classroom = u.classroom and n.kind = u.kind and n.key = u.key
   and n.batch = (select min(m.batch) from undo_membership as m where m.district = :district and m.classroom = u.classroom and m.kind = u.kind and m.key = u.key and m.batch > :after);
