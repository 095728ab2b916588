-- name: classroom_baseline
-- The classrooms that the sync last brought.
select key, school, title, grades
  from baseline_classroom
 where district = :district;

-- name: classroom_standing
-- What is in force for the staged keys; a cross join keeps the small stage in front (SQLite takes it at its word).
select f.key, f.school, f.title, f.grades, f.managed_by, f.status
  from stage_classroom as s
 cross join classroom as f
 where f.district = :district
   and f.key = s.key;

-- name: classroom_remember
-- The staged classrooms and their baseline as they are before this batch changes them: the undo record.
insert into undo_classroom (batch, action, district, key, school, title, grades, managed_by, status, brought, school_brought, title_brought, grades_brought)
select :batch, s.action, :district, s.key, f.school, f.title, f.grades, f.managed_by, f.status, case when b.district is null then 0 else 1 end, b.school, b.title, b.grades
  from stage_classroom as s
  left join classroom as f
    on f.district = :district
   and f.key = s.key
  left join baseline_classroom as b
    on b.district = :district
   and b.key = s.key;

-- name: classroom_bring
-- Create, update and restore the staged classrooms.
insert into classroom (district, key, school, title, grades, managed_by, status, batch)
select :district, key, school, title, grades, managed_by, status, :batch
  from stage_classroom
 where action in ('created', 'updated', 'restored')
    on conflict (district, key) do update
   set school = excluded.school,
       title = excluded.title,
       grades = excluded.grades,
       managed_by = excluded.managed_by,
       status = excluded.status,
       batch = excluded.batch;

-- name: classroom_take_out
-- Archive or end the staged classrooms; nothing is deleted.
update classroom
   set status = 'archived',
       batch = :batch
 where district = :district
   and key in (select key from stage_classroom where action = 'archived');

-- name: classroom_remove
-- Take back what an undone batch made, where nothing that stays points at it.
delete from classroom
 where district = :district
   and key in (select key from stage_classroom where action = 'removed')
   and not exists (select 1 from membership as u where u.district = classroom.district and u.classroom = classroom.key);

-- name: classroom_hand_over
-- What could not be taken back is no longer the sync's.
update classroom
   set managed_by = 'hand'
 where district = :district
   and key in (select key from stage_classroom where action = 'removed');

-- name: classroom_baseline_put
-- The baseline takes what the sync brought.
insert into baseline_classroom (district, key, school, title, grades)
select :district, key, school, title, grades
  from stage_classroom
 where brought = 1
    on conflict (district, key) do update
   set school = excluded.school,
       title = excluded.title,
       grades = excluded.grades;

-- name: classroom_baseline_drop
-- The baseline forgets what the sync took out.
delete from baseline_classroom
 where district = :district
   and key in (select key from stage_classroom where brought = 0);

-- name: classroom_undo
-- What a batch found before it changed it, and what it left behind (`_left`: what the next change found, else what is in force).
select u.key, u.school, u.title, u.grades, u.managed_by, u.status, u.brought, u.school_brought, u.title_brought, u.grades_brought,
       case when n.batch is null then f.school else n.school end as school_left, case when n.batch is null then f.title else n.title end as title_left, case when n.batch is null then f.grades else n.grades end as grades_left, case when n.batch is null then f.managed_by else n.managed_by end as managed_by_left, case when n.batch is null then f.status else n.status end as status_left,
       f.school as school_now, f.title as title_now, f.grades as grades_now, f.managed_by as managed_by_now, f.status as status_now
  from undo_classroom as u
  left join classroom as f
    on f.district = u.district
   and f.key = u.key
  left join undo_classroom as n
    on n.district = u.district
   and n.key = u.key
   and n.batch = (select min(m.batch) from undo_classroom as m where m.district = u.district and m.key = u.key and m.batch > u.batch)
 where u.batch = :batch;

-- name: classroom_between
-- What the batches after `before`, up to `after`, changed: as it was when the first of them found it, and as the last left it.
select u.key, u.school, u.title, u.grades, u.managed_by, u.status,
       case when n.batch is null then f.school else n.school end as school_left, case when n.batch is null then f.title else n.title end as title_left, case when n.batch is null then f.grades else n.grades end as grades_left, case when n.batch is null then f.managed_by else n.managed_by end as managed_by_left, case when n.batch is null then f.status else n.status end as status_left
  from (select key, min(batch) as batch
          from undo_classroom
         where district = :district and batch > :before and batch <= :after
         group by key) as first
  join undo_classroom as u
    on u.district = :district
   and u.batch = first.batch
   and u.key = first.key
  left join classroom as f
    on f.district = :district
   and f.key = u.key
  left join undo_classroom as n
    on n.district = :district
   and n.key = u.key
   and n.batch = (select min(m.batch) from undo_classroom as m where m.district = :district and m.key = u.key and m.batch > :after);
