-- name: open_batch
-- A batch is frozen and waits for its turn. Its number follows the last one without a gap: a number that was given in a
-- transaction that failed is given again, as the folder that it left gives way to the next one of its number.
insert into batch (id, district, test, origin, received, state, requeue_of, files)
values ((select coalesce(max(id), 0) + 1 from batch), :district, :test, :origin, :received, 'frozen', :requeue_of, :files)
returning id;

-- name: note_event
-- Who did what, and when.
insert into event (batch, at, event, who, detail)
values (:batch, :at, :event, :who, :detail);

-- name: move_batch
-- One step of the lifecycle; no row is touched where somebody else moved it first.
update batch
   set state = :to
 where id = :batch
   and state = :from
   and attempt = :attempt;

-- name: take_batch
-- Taking raises the attempt: an earlier worker that was only asleep can no longer apply.
update batch
   set state = 'working',
       attempt = attempt + 1
 where id = :batch
   and state = :from
returning attempt;

-- name: decide_batch
-- The verdict, inside the transaction that applies the changes; or without them, where they are due later.
update batch
   set state = :state,
       verdict = :verdict,
       changes = :changes,
       summary = :summary,
       decided = :decided,
       due = :due
 where id = :batch
   and state = 'working'
   and attempt = :attempt;

-- name: waiting_before
-- Older batches that wait, for a person or for their time; a newer one may supersede them.
select id, attempt, state
  from batch
 where district = :district
   and test = 0
   and (state = 'scheduled' or (state = 'reported' and verdict = 'held'))
   and id < :batch;

-- name: run_again
-- The newest batch that ran the files of another again in this way.
select max(id)
  from batch
 where requeue_of = :batch
   and origin = :origin
   and state <> 'undone';

-- name: open_work
-- Batches of a district that are not finished, oldest first; what is scheduled once it is due. The states stand as in
-- the index batch_unfinished.
select id
  from batch
 where district = :district
   and state in ('frozen', 'working', 'scheduled', 'decided')
   and (state <> 'scheduled' or due <= :now)
 order by id;

-- name: districts_with_work
select distinct district
  from batch
 where state in ('frozen', 'working', 'scheduled', 'decided')
   and (state <> 'scheduled' or due <= :now)
 order by district;

-- name: batch_by_id
select id, district, test, origin, received, state, attempt, verdict, requeue_of, files, changes, summary, decided
  from batch
 where id = :batch;

-- name: batches
-- The history of all districts, newest first; `before` is the number to go on from.
select id, district, test, origin, received, state, attempt, verdict, requeue_of, files, changes, summary, decided
  from batch
 where id < :before
 order by id desc
 limit :most;

-- name: batches_of
-- The history of a district, likewise.
select id, district, test, origin, received, state, attempt, verdict, requeue_of, files, changes, summary, decided
  from batch
 where district = :district
   and id < :before
 order by id desc
 limit :most;

-- name: judged_batches
-- Batches of a district that reached a verdict, newest first; `before` is the number to go on from.
select id, district, test, origin, received, state, attempt, verdict, requeue_of, files, changes, summary, decided
  from batch
 where district = :district
   and test = :test
   and origin not in ('undo', 'hand', 'switch')
   and verdict is not null
   and id < :before
 order by id desc
 limit :most;

-- name: applied_batches
-- Batches of a district that reached Connect, newest first; none that ran the files of an older one again.
select id, district, test, origin, received, state, attempt, verdict, requeue_of, files, changes, summary, decided
  from batch
 where district = :district
   and test = :test
   and origin not in ('undo', 'hand', 'switch')
   and state in ('decided', 'reported')
   and (requeue_of is null or origin in ('schedule', 'once'))
   and verdict in ('accepted', 'accepted_with_rejections', 'withheld')
 order by id desc
 limit :most;

-- name: last_batch
-- The newest batch of files of a district, whatever became of it.
select id, district, test, origin, received, state, attempt, verdict, requeue_of, files, changes, summary, decided
  from batch
 where district = :district
   and test = :test
   and origin not in ('undo', 'hand', 'switch')
 order by id desc
 limit 1;

-- name: last_standing
-- The newest batch of a district that was neither refused nor given up.
select id, district, test, origin, received, state, attempt, verdict, requeue_of, files, changes, summary, decided
  from batch
 where district = :district
   and test = :test
   and origin not in ('undo', 'hand', 'switch')
   and state not in ('failed', 'discarded', 'undone')
   and (verdict is null or verdict <> 'refused')
 order by id desc
 limit 1;

-- name: newer_than
-- Newer batches of the district that are in Connect or on their way there: an older one must not be run after them.
select count(*)
  from batch
 where district = :district
   and test = 0
   and id > :batch
   and origin not in ('undo', 'hand', 'switch')
   and (   state in ('frozen', 'working', 'scheduled')
        or (state in ('decided', 'reported') and verdict in ('accepted', 'accepted_with_rejections', 'withheld')));

-- name: last_applied
-- The newest batch whose changes are in Connect, an undo among them; what people did by hand is none.
select id, district, test, origin, received, state, attempt, verdict, requeue_of, files, changes, summary, decided
  from batch
 where district = :district
   and test = 0
   and origin <> 'hand'
   and state in ('decided', 'reported')
   and verdict in ('accepted', 'accepted_with_rejections', 'withheld')
 order by id desc
 limit 1;

-- name: last_night
-- The newest night whose changes are in Connect, or switch to other IDs; an undo is none, nor is what people did by hand.
select id, district, test, origin, received, state, attempt, verdict, requeue_of, files, changes, summary, decided
  from batch
 where district = :district
   and test = 0
   and origin not in ('undo', 'hand')
   and state in ('decided', 'reported')
   and verdict in ('accepted', 'accepted_with_rejections', 'withheld')
 order by id desc
 limit 1;

-- name: nights_after
-- Nights in Connect and switches to other IDs that are newer than a batch, newest first; who undoes it undoes them first.
select id
  from batch
 where district = :district
   and test = 0
   and id > :batch
   and origin not in ('undo', 'hand')
   and state in ('decided', 'reported')
   and verdict in ('accepted', 'accepted_with_rejections', 'withheld')
 order by id desc;

-- name: enter_done
-- What was done at once and never waits: an undo, a change by hand, or a switch to other IDs.
insert into batch (id, district, test, origin, received, state, verdict, requeue_of, files, changes, summary, decided)
values ((select coalesce(max(id), 0) + 1 from batch), :district, 0, :origin, :at, 'reported', 'accepted', :of, '[]', :changes, :summary, :at)
returning id;

-- name: enter_found
-- What has its number already: a batch whose folder is there and whose entry is not, or a deed.
insert into batch (id, district, test, origin, received, state, files)
values (:batch, :district, :test, :origin, :received, :state, :files);

-- name: enter_deed
-- What was done to the whole installation.
insert into batch (id, district, test, origin, received, state, files)
values ((select coalesce(max(id), 0) + 1 from batch), :district, :test, :origin, :received, :state, :files)
returning id;

-- name: newest_number
select max(id)
  from batch;

-- name: pause
insert into pause (district, since, who, why)
values (:district, :since, :who, :why)
    on conflict (district) do update
   set since = excluded.since,
       who = excluded.who,
       why = excluded.why;

-- name: resume
delete from pause
 where district = :district;

-- name: pauses
select district, since, who, why
  from pause;

-- name: paused
select since, who, why
  from pause
 where district = :district;

-- name: events
select at, event, who, detail
  from event
 where batch = :batch
 order by id;
