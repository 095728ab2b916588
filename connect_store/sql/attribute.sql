-- name: attribute_baseline
-- The attributes of students that the sync last brought.
select student, name, value
  from baseline_attribute
 where district = :district;

-- name: attribute_standing
-- What is in force for the staged keys; a cross join keeps the small stage in front (SQLite takes it at its word).
select f.student, f.name, f.value, f.status
  from stage_attribute as s
 cross join attribute as f
 where f.district = :district
   and f.student = s.student and f.name = s.name;

-- name: attribute_remember
-- The staged attributes of students as they are before this batch changes them: the undo record.
insert into undo_attribute (batch, action, district, student, name, value, status)
select :batch, s.action, :district, s.student, s.name, f.value, f.status
  from stage_attribute as s
  left join attribute as f
    on f.district = :district
   and f.student = s.student and f.name = s.name
 where s.action <> 'unchanged';

-- name: attribute_bring
-- Create, update and restore the staged attributes of students.
insert into attribute (district, student, name, value, status, batch)
select :district, student, name, value, 'active', :batch
  from stage_attribute
 where action in ('created', 'updated', 'restored')
    on conflict (district, student, name) do update
   set value = excluded.value,
       status = excluded.status,
       batch = excluded.batch;

-- name: attribute_take_out
-- Archive or end the staged attributes of students; nothing is deleted.
update attribute
   set status = 'ended',
       batch = :batch
 where district = :district
   and (student, name) in (select student, name from stage_attribute where action = 'archived');

-- name: attribute_baseline_put
-- The baseline takes what the sync brought.
insert into baseline_attribute (district, student, name, value)
select :district, student, name, value
  from stage_attribute
 where action <> 'archived'
    on conflict (district, student, name) do update
   set value = excluded.value;

-- name: attribute_baseline_drop
-- The baseline forgets what the sync took out.
delete from baseline_attribute
 where district = :district
   and (student, name) in (select student, name from stage_attribute where action = 'archived');
