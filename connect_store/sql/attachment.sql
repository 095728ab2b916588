-- name: attachment_baseline
-- The attachments of people to schools that the sync last brought.
select kind, key, school, source
  from baseline_attachment
 where district = :district;

-- name: attachment_standing
-- What is in force for the staged keys; a cross join keeps the small stage in front (SQLite takes it at its word).
select f.kind, f.key, f.school, f.source, f.managed_by, f.status
  from stage_attachment as s
 cross join attachment as f
 where f.district = :district
   and f.kind = s.kind and f.key = s.key and f.school = s.school;

-- name: attachment_remember
-- The staged attachments of people to schools and their baseline as they are before this batch changes them: the undo record.
insert into undo_attachment (batch, action, district, kind, key, school, source, managed_by, status, brought, source_brought)
select :batch, s.action, :district, s.kind, s.key, s.school, f.source, f.managed_by, f.status, case when b.district is null then 0 else 1 end, b.source
  from stage_attachment as s
  left join attachment as f
    on f.district = :district
   and f.kind = s.kind and f.key = s.key and f.school = s.school
  left join baseline_attachment as b
    on b.district = :district
   and b.kind = s.kind and b.key = s.key and b.school = s.school;

-- name: attachment_bring
-- Create, update and restore the staged attachments of people to schools.
insert into attachment (district, kind, key, school, source, managed_by, status, batch)
select :district, kind, key, school, source, managed_by, status, :batch
  from stage_attachment
 where action in ('created', 'updated', 'restored')
    on conflict (district, kind, key, school) do update
   set source = excluded.source,
       managed_by = excluded.managed_by,
       status = excluded.status,
       batch = excluded.batch;

-- name: attachment_take_out
-- Archive or end the staged attachments of people to schools; nothing is deleted.
update attachment
   set status = 'ended',
       batch = :batch
 where district = :district
   and (kind, key, school) in (select kind, key, school from stage_attachment where action = 'archived');

-- name: attachment_remove
-- Take back what an undone batch made.
delete from attachment
 where district = :district
   and (kind, key, school) in (select kind, key, school from stage_attachment where action = 'removed');

-- name: attachment_hand_over
-- What could not be taken back is no longer the sync's.
update attachment
   set managed_by = 'hand'
 where district = :district
   and (kind, key, school) in (select kind, key, school from stage_attachment where action = 'removed');

-- name: attachment_baseline_put
-- The baseline takes what the sync brought.
insert into baseline_attachment (district, kind, key, school, source)
select :district, kind, key, school, source
  from stage_attachment
 where brought = 1
    on conflict (district, kind, key, school) do update
   set source = excluded.source;

-- name: attachment_baseline_drop
-- The baseline forgets what the sync took out.
delete from baseline_attachment
 where district = :district
   and (kind, key, school) in (select kind, key, school from stage_attachment where brought = 0);

-- name: attachment_undo
-- What a batch found before it changed it, and what it left behind (`_left`: what the next change found, else what is in force).
select u.kind, u.key, u.school, u.source, u.managed_by, u.status, u.brought, u.source_brought,
       case when n.batch is null then f.source else n.source end as source_left, case when n.batch is null then f.managed_by else n.managed_by end as managed_by_left, case when n.batch is null then f.status else n.status end as status_left,
       f.source as source_now, f.managed_by as managed_by_now, f.status as status_now
  from undo_attachment as u
  left join attachment as f
    on f.district = u.district
   and f.kind = u.kind and f.key = u.key and f.school = u.school
  left join undo_attachment as n
    on n.district = u.district
   and n.kind = u.kind and n.key = u.key and n.school = u.school
   and n.batch = (select min(m.batch) from undo_attachment as m where m.district = u.district and m.kind = u.kind and m.key = u.key and m.school = u.school and m.batch > u.batch)
 where u.batch = :batch;

-- name: attachment_between
-- What the batches after `before`, up to `after`, changed: as it was when the first of them found it, and as the last left it.
select u.kind, u.key, u.school, u.source, u.managed_by, u.status,
       case when n.batch is null then f.source else n.source end as source_left, case when n.batch is null then f.managed_by else n.managed_by end as managed_by_left, case when n.batch is null then f.status else n.status end as status_left
  from (select kind, key, school, min(batch) as batch
          from undo_attachment
         where district = :district and batch > :before and batch <= :after
         group by kind, key, school) as first
  join undo_attachment as u
    on u.district = :district
   and u.batch = first.batch
   and u.kind = first.kind and u.key = first.key and u.school = first.school
  left join attachment as f
    on f.district = :district
   and f.kind = u.kind and f.key = u.key and f.school = u.school
  left join undo_attachment as n
    on n.district = :district
   and n.kind = u.kind and n.key = u.key and n.school = u.school
   and n.batch = (select min(m.batch) from undo_attachment as m where m.district = :district and m.kind = u.kind and m.key = u.key and m.school = u.school and m.batch > :after);
