-- name: note_pull
-- A pull that ended.
insert into pull (district, at, who, outcome, code, batch, facts)
values (:district, :at, :who, :outcome, :code, :batch, :facts);

-- name: last_pulls
-- The last pulls of a district, newest first.
select at, who, outcome, code, batch, facts
  from pull
 where district = :district
 order by id desc
 limit :most;

-- name: last_taken_pull
-- The last pull of a district that brought a batch.
select at, who, outcome, code, batch, facts
  from pull
 where district = :district
   and outcome = 'taken'
 order by id desc
 limit 1;
