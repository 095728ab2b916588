-- name: classroom_baseline
-- The classrooms that the sync last brought.
select key, school, title, grades
  from baseline_classroom
 where district = :district;

-- name: classroom_standing
-- What is in force for the staged keys; a cross join keeps the small stage in front (SQLite takes it at its word).
select f.key, f.school, f.title, f.grades, f.status
  from stage_classroom as s
 cross join classroom as f
 where f.district = :district
   and f.key = s.key;

-- name: classroom_remember
-- The staged classrooms as they are before this batch changes them: the undo record.
insert into undo_classroom (batch, action, district, key, school, title, grades, status)
select :batch, s.action, :district, s.key, f.school, f.title, f.grades, f.status
  from stage_classroom as s
  left join classroom as f
    on f.district = :district
   and f.key = s.key
 where s.action <> 'unchanged';

-- name: classroom_bring
-- Create, update and restore the staged classrooms.
insert into classroom (district, key, school, title, grades, status, batch)
select :district, key, school, title, grades, 'active', :batch
  from stage_classroom
 where action in ('created', 'updated', 'restored')
    on conflict (district, key) do update
   set school = excluded.school,
       title = excluded.title,
       grades = excluded.grades,
       status = excluded.status,
       batch = excluded.batch;

-- name: classroom_take_out
-- Archive or end the staged classrooms; nothing is deleted.
update classroom
   set status = 'archived',
       batch = :batch
 where district = :district
   and key in (select key from stage_classroom where action = 'archived');

-- name: classroom_baseline_put
-- The baseline takes what the sync brought.
insert into baseline_classroom (district, key, school, title, grades)
select :district, key, school, title, grades
  from stage_classroom
 where action <> 'archived'
    on conflict (district, key) do update
   set school = excluded.school,
       title = excluded.title,
       grades = excluded.grades;

-- name: classroom_baseline_drop
-- The baseline forgets what the sync took out.
delete from baseline_classroom
 where district = :district
   and key in (select key from stage_classroom where action = 'archived');
