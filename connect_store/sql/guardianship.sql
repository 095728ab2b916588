-- name: guardianship_baseline
-- The links between a student and a guardian that the sync last brought.
select student, guardian, source
  from baseline_guardianship
 where district = :district;

-- name: guardianship_standing
-- What is in force for the staged keys; a cross join keeps the small stage in front (SQLite takes it at its word).
select f.student, f.guardian, f.source, f.managed_by, f.status
  from stage_guardianship as s
 cross join guardianship as f
 where f.district = :district
   and f.student = s.student and f.guardian = s.guardian;

-- name: guardianship_remember
-- The staged links between a student and a guardian and their baseline as they are before this batch changes them: the undo record.
insert into undo_guardianship (batch, action, district, student, guardian, source, managed_by, status, brought, source_brought)
select :batch, s.action, :district, s.student, s.guardian, f.source, f.managed_by, f.status, case when b.district is null then 0 else 1 end, b.source
  from stage_guardianship as s
  left join guardianship as f
    on f.district = :district
   and f.student = s.student and f.guardian = s.guardian
  left join baseline_guardianship as b
    on b.district = :district
   and b.student = s.student and b.guardian = s.guardian;

-- name: guardianship_bring
-- Create, update and restore the staged links between a student and a guardian.
insert into guardianship (district, student, guardian, source, managed_by, status, batch)
select :district, student, guardian, source, managed_by, status, :batch
  from stage_guardianship
 where action in ('created', 'updated', 'restored')
    on conflict (district, student, guardian) do update
   set source = excluded.source,
       managed_by = excluded.managed_by,
       status = excluded.status,
       batch = excluded.batch;

-- name: guardianship_take_out
-- Archive or end the staged links between a student and a guardian; nothing is deleted.
update guardianship
   set status = 'ended',
       batch = :batch
 where district = :district
   and (student, guardian) in (select student, guardian from stage_guardianship where action = 'archived');

-- name: guardianship_remove
-- Take back what an undone batch made.
delete from guardianship
 where district = :district
   and (student, guardian) in (select student, guardian from stage_guardianship where action = 'removed');

-- name: guardianship_hand_over
-- What could not be taken back is no longer the sync's.
update guardianship
   set managed_by = 'hand'
 where district = :district
   and (student, guardian) in (select student, guardian from stage_guardianship where action = 'removed');

-- name: guardianship_baseline_put
-- The baseline takes what the sync brought.
insert into baseline_guardianship (district, student, guardian, source)
select :district, student, guardian, source
  from stage_guardianship
 where brought = 1
    on conflict (district, student, guardian) do update
   set source = excluded.source;

-- name: guardianship_baseline_drop
-- The baseline forgets what the sync took out.
delete from baseline_guardianship
 where district = :district
   and (student, guardian) in (select student, guardian from stage_guardianship where brought = 0);

-- name: guardianship_undo
-- What a batch found before it changed it, and what it left behind (`_left`: what the next change found, else what is in force).
select u.student, u.guardian, u.source, u.managed_by, u.status, u.brought, u.source_brought,
       case when n.batch is null then f.source else n.source end as source_left, case when n.batch is null then f.managed_by else n.managed_by end as managed_by_left, case when n.batch is null then f.status else n.status end as status_left,
       f.source as source_now, f.managed_by as managed_by_now, f.status as status_now
  from undo_guardianship as u
  left join guardianship as f
    on f.district = u.district
   and f.student = u.student and f.guardian = u.guardian
  left join undo_guardianship as n
    on n.district = u.district
   and n.student = u.student and n.guardian = u.guardian
   and n.batch = (select min(m.batch) from undo_guardianship as m where m.district = u.district and m.student = u.student and m.guardian = u.guardian and m.batch > u.batch)
 where u.batch = :batch;

-- name: guardianship_between
-- What the batches after `before`, up to `after`, changed: as it was when the first of them found it, and as the last left it.
select u.student, u.guardian, u.source, u.managed_by, u.status,
       case when n.batch is null then f.source else n.source end as source_left, case when n.batch is null then f.managed_by else n.managed_by end as managed_by_left, case when n.batch is null then f.status else n.status end as status_left
  from (select student, guardian, min(batch) as batch
          from undo_guardianship
         where district = :district and batch > :before and batch <= :after
         group by student, guardian) as first
  join undo_guardianship as u
    on u.district = :district
   and u.batch = first.batch
   and u.student = first.student and u.guardian = first.guardian
  left join guardianship as f
    on f.district = :district
   and f.student = u.student and f.guardian = u.guardian
  left join undo_guardianship as n
    on n.district = :district
   and n.student = u.student and n.guardian = u.guardian
   and n.batch = (select min(m.batch) from undo_guardianship as m where m.district = :district and m.student = u.student and m.guardian = u.guardian and m.batch > :after);
