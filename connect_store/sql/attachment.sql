-- name: attachment_baseline
-- The attachments of people to schools that the sync last brought.
select kind, key, school, source
  from baseline_attachment
 where district = :district;

-- name: attachment_standing
-- What is in force for the staged keys; a cross join keeps the small stage in front (SQLite takes it at its word).
select f.kind, f.key, f.school, f.source, f.status
  from stage_attachment as s
 cross join attachment as f
 where f.district = :district
   and f.kind = s.kind and f.key = s.key and f.school = s.school;

-- name: attachment_remember
-- The staged attachments of people to schools as they are before this batch changes them: the undo record.
insert into undo_attachment (batch, action, district, kind, key, school, source, status)
select :batch, s.action, :district, s.kind, s.key, s.school, f.source, f.status
  from stage_attachment as s
  left join attachment as f
    on f.district = :district
   and f.kind = s.kind and f.key = s.key and f.school = s.school
 where s.action <> 'unchanged';

-- name: attachment_bring
-- Create, update and restore the staged attachments of people to schools.
insert into attachment (district, kind, key, school, source, status, batch)
select :district, kind, key, school, source, 'active', :batch
  from stage_attachment
 where action in ('created', 'updated', 'restored')
    on conflict (district, kind, key, school) do update
   set source = excluded.source,
       status = excluded.status,
       batch = excluded.batch;

-- name: attachment_take_out
-- Archive or end the staged attachments of people to schools; nothing is deleted.
update attachment
   set status = 'ended',
       batch = :batch
 where district = :district
   and (kind, key, school) in (select kind, key, school from stage_attachment where action = 'archived');

-- name: attachment_baseline_put
-- The baseline takes what the sync brought.
insert into baseline_attachment (district, kind, key, school, source)
select :district, kind, key, school, source
  from stage_attachment
 where action <> 'archived'
    on conflict (district, kind, key, school) do update
   set source = excluded.source;

-- name: attachment_baseline_drop
-- The baseline forgets what the sync took out.
delete from baseline_attachment
 where district = :district
   and (kind, key, school) in (select kind, key, school from stage_attachment where action = 'archived');
