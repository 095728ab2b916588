-- Everything of a district, for one that leaves for good; what points goes before what it points at.

-- name: batches_of_district
-- How many batches a district ever had.
select count(*)
  from batch
 where district = :district;

-- name: remove_attribute
delete from attribute
 where district = :district;

-- name: remove_baseline_attribute
delete from baseline_attribute
 where district = :district;

-- name: remove_undo_attribute
delete from undo_attribute
 where district = :district;

-- name: remove_guardianship
delete from guardianship
 where district = :district;

-- name: remove_baseline_guardianship
delete from baseline_guardianship
 where district = :district;

-- name: remove_undo_guardianship
delete from undo_guardianship
 where district = :district;

-- name: remove_membership
delete from membership
 where district = :district;

-- name: remove_baseline_membership
delete from baseline_membership
 where district = :district;

-- name: remove_undo_membership
delete from undo_membership
 where district = :district;

-- name: remove_baseline_classroom
delete from baseline_classroom
 where district = :district;

-- name: remove_undo_classroom
delete from undo_classroom
 where district = :district;

-- name: remove_attachment
delete from attachment
 where district = :district;

-- name: remove_baseline_attachment
delete from baseline_attachment
 where district = :district;

-- name: remove_undo_attachment
delete from undo_attachment
 where district = :district;

-- name: remove_baseline_person
delete from baseline_person
 where district = :district;

-- name: remove_undo_person
delete from undo_person
 where district = :district;

-- name: remove_classroom
delete from classroom
 where district = :district;

-- name: remove_person
delete from person
 where district = :district;

-- name: remove_permission
delete from permission
 where district = :district;

-- name: remove_pause
delete from pause
 where district = :district;

-- name: remove_outbox
delete from outbox
 where district = :district;

-- name: remove_renumbered
delete from renumbered
 where district = :district;

-- name: remove_purged
delete from purged
 where batch in (select id from batch where district = :district);

-- name: remove_event
delete from event
 where batch in (select id from batch where district = :district);

-- name: remove_batch
delete from batch
 where district = :district;
