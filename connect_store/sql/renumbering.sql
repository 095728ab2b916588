-- name: stage_renumbered
create temporary table if not exists stage_renumbered (kind text, was text, key text);

-- name: renumbered_remember
insert into renumbered (district, batch, kind, was, key)
select :district, :batch, kind, was, key
  from stage_renumbered;

-- name: renumbered_in
-- The IDs that a batch changed.
select kind, was, key
  from renumbered
 where batch = :batch
 order by kind, was;

-- name: renumbered_about
-- When an ID was given to somebody (`key`) or taken from somebody (`was`), oldest first.
select batch, was, key
  from renumbered
 where district = :district and kind = :kind and key = :key
 union
select batch, was, key
  from renumbered
 where district = :district and kind = :kind and was = :key
 order by batch;

-- name: called_before
-- People who had an ID once, under the IDs that they had from then on.
with recursive later (kind, key) as (
    select kind, key
      from renumbered
     where district = :district and was = :key
     union
    select r.kind, r.key
      from later as l
      join renumbered as r
        on r.district = :district and r.kind = l.kind and r.was = l.key
)
select kind, key
  from later
 where kind in ('student', 'guardian', 'staff')
 order by kind, key;

-- name: tell_renumbered
-- Whose ID the batch changed; `detail` is the ID that they had before.
insert into outbox (district, batch, at, event, kind, key, detail)
select district, batch, :at, 'id_changed', kind, key, was
  from renumbered
 where batch = :batch
   and kind in ('student', 'guardian', 'staff')
 order by kind, key;

-- name: permissions_of_staged
-- What staff may do whose IDs are staged, under the ID that they get.
select s.key, p.permission
  from stage_renumbered as s
 cross join permission as p
 where s.kind = 'staff'
   and p.district = :district
   and p.staff = s.was;

-- name: revoke_staged
delete from permission
 where district = :district
   and staff in (select was from stage_renumbered where kind = 'staff');
