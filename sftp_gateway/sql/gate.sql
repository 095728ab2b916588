-- name: source
-- What is known of a source.
select recent, recent_at, penalty_until, enforced from source where source = :source;

-- name: count_of_source
-- How many connections a source has.
select count(*) from visitor where source = :source;

-- name: count_waiting
-- How many connections of all sources have not logged in.
select count(*) from visitor where account is null;

-- name: count_of_account
-- How many connections an account has.
select count(*) from visitor where account = :account;

-- name: come
-- A connection was let in.
insert into visitor (process, source) values (:process, :source) returning id;

-- name: set_recent
-- How many connections came from a source of late.
insert into source (source, recent, recent_at) values (:source, :recent, :now)
on conflict (source) do update set recent = excluded.recent, recent_at = excluded.recent_at;

-- name: log_in
-- Somebody has logged in on a connection.
update visitor set account = :account where id = :id;

-- name: leave
-- A connection has ended.
delete from visitor where id = :id;

-- name: forget
-- The connections of a process that is no more; of all where none is named.
delete from visitor where process = :process or :process is null;

-- name: set_penalty
-- What a source has to bear.
insert into source (source, recent, recent_at, penalty_until, enforced) values (:source, 0, :now, :until, :enforced)
on conflict (source) do update set penalty_until = excluded.penalty_until, enforced = excluded.enforced;

-- name: note_wrong_password
-- One more wrong password for a name from a source.
insert into wrong_password (name, source, failures, last_at) values (:name, :source, 1, :now)
on conflict (name, source) do update set failures = failures + 1, last_at = excluded.last_at;

-- name: wrong_passwords
-- How many wrong passwords came for a name, and from how many sources.
select coalesce(sum(failures), 0), count(*) from wrong_password where name = :name and last_at > :since;

-- name: note_familiar
-- An account has logged in from a source.
insert into familiar (account, source, last_at) values (:account, :source, :now)
on conflict (account, source) do update set last_at = excluded.last_at;

-- name: is_familiar
-- Whether an account has logged in from a source of late.
select 1 from familiar where account = :account and source = :source and last_at > :since;

-- name: tidy_sources
-- Sources of which nothing is left to know.
delete from source where penalty_until < :now and recent_at < :now - 60;

-- name: tidy_most_sources
-- No flood of sources fills the disk: those whose penalty ends first go first.
delete from source where source in (
  select source from source order by penalty_until limit max(0, (select count(*) from source) - :most)
);

-- name: tidy_wrong_passwords
-- Wrong passwords that count no more.
delete from wrong_password where last_at < :since;

-- name: tidy_most_wrong_passwords
-- No flood of names fills the disk: the oldest go first.
delete from wrong_password where rowid in (
  select rowid from wrong_password order by last_at limit max(0, (select count(*) from wrong_password) - :most)
);

-- name: tidy_familiar
-- Sources from which an account has not come for long.
delete from familiar where last_at < :since;
