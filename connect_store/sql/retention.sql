-- name: districts_of_ledger
-- Districts that ever had a batch, whether they have a profile or not.
select distinct district
  from batch
 where district <> '*'
 order by district;

-- name: due_files
-- Batches of files before a moment of which `what` is still kept, oldest first.
select b.id
  from batch as b
 where b.district = :district
   and b.received < :before
   and b.id < :below
   and b.origin not in ('undo', 'hand', 'switch')
   and not exists (select 1 from purged as p where p.batch = b.id and p.what = :what)
 order by b.id;

-- name: due_undo
-- Batches that reached Connect before a moment and can still be undone, oldest first.
select b.id
  from batch as b
 where b.district = :district
   and b.received < :before
   and b.id < :below
   and b.test = 0
   and b.verdict in ('accepted', 'accepted_with_rejections', 'withheld')
   and not exists (select 1 from purged as p where p.batch = b.id and p.what = :what)
 order by b.id;

-- name: due_events
-- Batches before a moment whose events are still told, oldest first.
select b.id
  from batch as b
 where b.district = :district
   and b.received < :before
   and b.id < :below
   and exists (select 1 from outbox as o where o.batch = b.id)
   and not exists (select 1 from purged as p where p.batch = b.id and p.what = :what)
 order by b.id;

-- name: waiting_batches
-- Held batches of which nobody has decided yet.
select id
  from batch
 where district = :district
   and state = 'reported'
   and verdict = 'held';

-- name: mark_purged
insert into purged (batch, what, at, days, up_to)
values (:batch, :what, :at, :days, :up_to);

-- name: purged_of
select batch, what, at, days
  from purged
 where batch >= :first
   and batch <= :last
 order by batch, what;

-- name: purged_undo
-- The newest batch of a district, among those after `before` up to `after`, whose undo record is gone.
select p.batch, p.what, p.at, p.days
  from purged as p
  join batch as b
    on b.id = p.batch
 where b.district = :district
   and p.what = 'undo'
   and p.batch > :before
   and p.batch <= :after
 order by p.batch desc
 limit 1;

-- name: outbox_purged_up_to
-- The last event of a district (or of all) that is no longer told.
select max(p.up_to)
  from purged as p
  join batch as b
    on b.id = p.batch
 where p.what = 'events'
   and (cast(:district as text) is null or b.district = :district);

-- name: last_event_of
select max(id)
  from outbox
 where batch = :batch;

-- name: purge_events
delete from outbox
 where batch = :batch;

-- name: purge_person
delete from undo_person
 where batch = :batch;

-- name: purge_attachment
delete from undo_attachment
 where batch = :batch;

-- name: purge_classroom
delete from undo_classroom
 where batch = :batch;

-- name: purge_membership
delete from undo_membership
 where batch = :batch;

-- name: purge_guardianship
delete from undo_guardianship
 where batch = :batch;

-- name: purge_attribute
delete from undo_attribute
 where batch = :batch;
