-- name: guardianship_baseline
-- The links between a student and a guardian that the sync last brought.
select student, guardian, source
  from baseline_guardianship
 where district = :district;

-- name: guardianship_standing
-- What is in force for the staged keys; a cross join keeps the small stage in front (SQLite takes it at its word).
select f.student, f.guardian, f.source, f.status
  from stage_guardianship as s
 cross join guardianship as f
 where f.district = :district
   and f.student = s.student and f.guardian = s.guardian;

-- name: guardianship_remember
-- The staged links between a student and a guardian as they are before this batch changes them: the undo record.
insert into undo_guardianship (batch, action, district, student, guardian, source, status)
select :batch, s.action, :district, s.student, s.guardian, f.source, f.status
  from stage_guardianship as s
  left join guardianship as f
    on f.district = :district
   and f.student = s.student and f.guardian = s.guardian
 where s.action <> 'unchanged';

-- name: guardianship_bring
-- Create, update and restore the staged links between a student and a guardian.
insert into guardianship (district, student, guardian, source, status, batch)
select :district, student, guardian, source, 'active', :batch
  from stage_guardianship
 where action in ('created', 'updated', 'restored')
    on conflict (district, student, guardian) do update
   set source = excluded.source,
       status = excluded.status,
       batch = excluded.batch;

-- name: guardianship_take_out
-- Archive or end the staged links between a student and a guardian; nothing is deleted.
update guardianship
   set status = 'ended',
       batch = :batch
 where district = :district
   and (student, guardian) in (select student, guardian from stage_guardianship where action = 'archived');

-- name: guardianship_baseline_put
-- The baseline takes what the sync brought.
insert into baseline_guardianship (district, student, guardian, source)
select :district, student, guardian, source
  from stage_guardianship
 where action <> 'archived'
    on conflict (district, student, guardian) do update
   set source = excluded.source;

-- name: guardianship_baseline_drop
-- The baseline forgets what the sync took out.
delete from baseline_guardianship
 where district = :district
   and (student, guardian) in (select student, guardian from stage_guardianship where action = 'archived');
