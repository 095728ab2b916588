-- name: attribute_baseline
-- The attributes of students that the sync last brought.
select student, name, value
  from baseline_attribute
 where district = :district;

-- name: attribute_standing
-- What is in force for the staged keys; a cross join keeps the small stage in front (SQLite takes it at its word).
select f.student, f.name, f.value, f.managed_by, f.status
  from stage_attribute as s
 cross join attribute as f
 where f.district = :district
   and f.student = s.student and f.name = s.name;

-- name: attribute_remember
-- The staged attributes of students and their baseline as they are before this batch changes them: the undo record.
insert into undo_attribute (batch, action, district, student, name, value, managed_by, status, brought, value_brought)
select :batch, s.action, :district, s.student, s.name, f.value, f.managed_by, f.status, case when b.district is null then 0 else 1 end, b.value
  from stage_attribute as s
  left join attribute as f
    on f.district = :district
   and f.student = s.student and f.name = s.name
  left join baseline_attribute as b
    on b.district = :district
   and b.student = s.student and b.name = s.name;

-- name: attribute_bring
-- Create, update and restore the staged attributes of students.
insert into attribute (district, student, name, value, managed_by, status, batch)
select :district, student, name, value, managed_by, status, :batch
  from stage_attribute
 where action in ('created', 'updated', 'restored')
    on conflict (district, student, name) do update
   set value = excluded.value,
       managed_by = excluded.managed_by,
       status = excluded.status,
       batch = excluded.batch;

-- name: attribute_take_out
-- Archive or end the staged attributes of students; nothing is deleted.
update attribute
   set status = 'ended',
       batch = :batch
 where district = :district
   and (student, name) in (select student, name from stage_attribute where action = 'archived');

-- name: attribute_remove
-- Take back what an undone batch made.
delete from attribute
 where district = :district
   and (student, name) in (select student, name from stage_attribute where action = 'removed');

-- name: attribute_hand_over
-- What could not be taken back is no longer the sync's.
update attribute
   set managed_by = 'hand'
 where district = :district
   and (student, name) in (select student, name from stage_attribute where action = 'removed');

-- name: attribute_baseline_put
-- The baseline takes what the sync brought.
insert into baseline_attribute (district, student, name, value)
select :district, student, name, value
  from stage_attribute
 where brought = 1
    on conflict (district, student, name) do update
   set value = excluded.value;

-- name: attribute_baseline_drop
-- The baseline forgets what the sync took out.
delete from baseline_attribute
 where district = :district
   and (student, name) in (select student, name from stage_attribute where brought = 0);

-- name: attribute_undo
-- What a batch found before it changed it, and what it left behind (`_left`: what the next change found, else what is in force).
select u.student, u.name, u.value, u.managed_by, u.status, u.brought, u.value_brought,
       case when n.batch is null then f.value else n.value end as value_left, case when n.batch is null then f.managed_by else n.managed_by end as managed_by_left, case when n.batch is null then f.status else n.status end as status_left,
       f.value as value_now, f.managed_by as managed_by_now, f.status as status_now
  from undo_attribute as u
  left join attribute as f
    on f.district = u.district
   and f.student = u.student and f.name = u.name
  left join undo_attribute as n
    on n.district = u.district
   and n.student = u.student and n.name = u.name
   and n.batch = (select min(m.batch) from undo_attribute as m where m.district = u.district and m.student = u.student and m.name = u.name and m.batch > u.batch)
 where u.batch = :batch;

-- name: attribute_between
-- What the batches after `before`, up to `after`, changed: as it was when the first of them found it, and as the last left it.
select u.student, u.name, u.value, u.managed_by, u.status,
       case when n.batch is null then f.value else n.value end as value_left, case when n.batch is null then f.managed_by else n.managed_by end as managed_by_left, case when n.batch is null then f.status else n.status end as status_left
  from (select student, name, min(batch) as batch
          from undo_attribute
         where district = :district and batch > :before and batch <= :after
         group by student, name) as first
  join undo_attribute as u
    on u.district = :district
   and u.batch = first.batch
   and u.student = first.student and u.name = first.name
  left join attribute as f
    on f.district = :district
   and f.student = u.student and f.name = u.name
  left join undo_attribute as n
    on n.district = :district
   and n.student = u.student and n.name = u.name
   and n.batch = (select min(m.batch) from undo_attribute as m where m.district = :district and m.student = u.student and m.name = u.name and m.batch > :after);
