-- name: entries_after
-- What the ledger holds beyond a number: for a store that is put in the place of this one.
select id, district, origin
  from batch
 where id > :batch
 order by id;

-- name: last_event
select max(id)
  from outbox;

-- name: skip_events
-- An event that holds a number, so that none up to it is given again; it is taken out at once.
insert into outbox (id, district, batch, at, event, kind, key)
values (:id, '*', :batch, :at, 'skipped', '*', '*');

-- name: unskip_events
delete from outbox
 where id = :id;
