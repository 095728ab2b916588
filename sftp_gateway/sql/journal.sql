-- name: current
-- What stands in a drop under each name.
select * from arrival where district = :district and drop_name = :drop_name and gone_at is null order by generation;

-- name: current_of_name
-- What stands under one name.
select * from arrival
 where district = :district and drop_name = :drop_name and name = :name and gone_at is null;

-- name: taken_twin
-- The batch that took this very file before, under whatever name it stood.
select taken_at, batch from arrival
 where district = :district and drop_name = :drop_name
   and inode = :inode and size = :size and mtime_ns = :mtime_ns and taken_at is not null
 order by generation desc limit 1;

-- name: gone
-- The file under this name was replaced, renamed or removed.
update arrival set gone_at = :at
 where district = :district and drop_name = :drop_name and name = :name and gone_at is null;

-- name: arrive
-- A new generation of a name; taken_at and batch are kept where this very file was taken before.
insert into arrival (district, drop_name, name, size, inode, mtime_ns, by_gateway, arrived_at, account, opaque,
                     told, taken_at, batch)
values (:district, :drop_name, :name, :size, :inode, :mtime_ns, :by_gateway, :arrived_at, :account, :opaque,
        :told, :taken_at, :batch)
returning *;

-- name: tidy_gone
-- Files that are gone, told and that no batch took: a client that renames without end must not fill the disk. A batch
-- that is being frozen may still take what was replaced a moment ago.
delete from arrival where gone_at < :before and taken_at is null and told = 1;

-- name: tidy_twins
-- A taken file that was renamed since: the generation that the batch took and the one that stands are enough.
delete from arrival
 where district = :district and drop_name = :drop_name and inode = :inode and size = :size and mtime_ns = :mtime_ns
   and gone_at is not null and taken_at is not null and told = 1
   and generation > (select min(generation) from arrival as first
                      where first.district = :district and first.drop_name = :drop_name and first.inode = :inode
                        and first.size = :size and first.mtime_ns = :mtime_ns and first.batch = arrival.batch);

-- name: take
-- A batch took this generation.
update arrival set taken_at = :at, batch = :batch where generation = :generation and taken_at is null;

-- name: last_taken_at
-- When a batch was last taken from a drop.
select max(taken_at) as at from arrival where district = :district and drop_name = :drop_name;

-- name: untold_arrivals
-- Arrivals whose receipt is still to be written, those too that were replaced or removed meanwhile.
select * from arrival where told = 0 order by generation;

-- name: told_arrival
-- The receipt of this arrival is written.
update arrival set told = 1 where generation = :generation;

-- name: begin_writing
-- An upload has begun; should the process die, the next one finds it here.
insert into writing (district, drop_name, path, staging, account, opened_at, copied, opaque, process)
values (:district, :drop_name, :path, :staging, :account, :at, :copied, :opaque, :process)
returning *;

-- name: resume_writing
-- A client goes on with an upload that was cut off, unless another one does already.
update writing
   set interrupted_at = null, told = 0, opaque = opaque or account <> :account, account = :account, opened_at = :at,
       process = :process, room = size, allowance = 0
 where id = :id and interrupted_at is not null
returning *;

-- name: interrupt_writing
-- An upload ended without its proper close.
update writing set interrupted_at = :at, size = :size, repeated = :repeated, told = 0 where id = :id
returning *;

-- name: end_writing
-- An upload is over; its bytes are in the drop or given up.
delete from writing where id = :id;

-- name: left_open
-- Uploads that were open when a process ended, or all of them.
select * from writing where interrupted_at is null and (:process is null or process = :process);

-- name: under_way
-- Uploads of a drop that are open, in whichever process.
select * from writing
 where district = :district and drop_name = :drop_name and interrupted_at is null order by id;

-- name: interrupted
-- Uploads of a drop that were cut off and have not come again.
select * from writing
 where district = :district and drop_name = :drop_name and interrupted_at is not null order by id;

-- name: untold_interruptions
-- Interruptions whose receipt was not written; what lies in a sub-folder never counts and gets none.
select * from writing where told = 0 and interrupted_at is not null and instr(path, '/') = 0 order by id;

-- name: holding
-- What a drop will hold beside one upload of it, and has received today; whether something is under its name.
-- An upload takes the place of what stands under its name, so the larger of both counts; what stands under the name of
-- this very upload, or the name that it will get, does not.
with parts as (
  select name, case when name = :final then 0 else size end as standing, 0 as coming from arrival
   where district = :district and drop_name = :drop_name and gone_at is null
  union all
  select path, 0, case when interrupted_at is null then room else size end from writing
   where district = :district and drop_name = :drop_name and id <> :writing
),
names as (
  select name, max(sum(standing), sum(coming)) as bytes from parts group by name
)
select (select coalesce(sum(bytes), 0) from names where name <> :path) as bytes,
       (select count(*) from names where name <> :path) as names,
       exists (select 1 from names where name = :path) as stands,
       (select coalesce(sum(bytes), 0) from received
         where district = :district and drop_name = :drop_name and day = :day)
     + (select coalesce(sum(allowance), 0) from writing
         where district = :district and drop_name = :drop_name and interrupted_at is null and id <> :writing)
       as received;

-- name: grant
-- What an upload may take from now on.
update writing set room = :room, allowance = :allowance where id = :writing;

-- name: receive
-- Bytes of an upload that is over.
insert into received (district, drop_name, day, bytes) values (:district, :drop_name, :day, :bytes)
on conflict (district, drop_name, day) do update set bytes = bytes + excluded.bytes;

-- name: forget_received
-- Days that are over.
delete from received where district = :district and drop_name = :drop_name and day < :day;

-- name: told_interruption
-- The receipt of this interruption is written.
update writing set told = 1 where id = :id;

-- name: stagings
-- The hidden files that somebody may still need.
select staging from writing;

-- name: client_times
-- The times that a client gave the files of a drop.
select path, atime, mtime from client_time where district = :district and drop_name = :drop_name;

-- name: client_times_of
-- The times that a client gave one file.
select atime, mtime from client_time where district = :district and drop_name = :drop_name and path = :path;

-- name: set_client_times
-- Times are metadata: they are shown to clients and never reach the disk.
insert into client_time (district, drop_name, path, atime, mtime)
values (:district, :drop_name, :path, :atime, :mtime)
on conflict (district, drop_name, path) do update set atime = excluded.atime, mtime = excluded.mtime;

-- name: move_client_times
-- A renamed file keeps its times.
update client_time set path = :new_path where district = :district and drop_name = :drop_name and path = :path;

-- name: forget_client_times
-- What stands under this path now is another file, or none.
delete from client_time where district = :district and drop_name = :drop_name and path = :path;

-- name: handled_deadline
-- The last day whose deadline was looked at.
select day from deadline where district = :district;

-- name: handle_deadline
-- A day's deadline was looked at.
insert into deadline (district, day) values (:district, :day)
on conflict (district) do update set day = excluded.day;

-- name: told
-- What the last report of an incomplete set of a drop said, by what was found.
select found, at from told where district = :district and drop_name = :drop_name;

-- name: tell
-- A report of an incomplete set says this.
insert into told (district, drop_name, found, at) values (:district, :drop_name, :found, :at)
on conflict (district, drop_name) do update set found = excluded.found, at = excluded.at;

-- name: told_left_over
-- Temp names that a report has told.
select name from told_left_over where district = :district and drop_name = :drop_name;

-- name: tell_left_over
-- A report tells this temp name, or an earlier one did.
insert into told_left_over (district, drop_name, name) values (:district, :drop_name, :name);

-- name: forget_left_over
-- Temp names that are to be told again should they come back.
delete from told_left_over where district = :district and drop_name = :drop_name;

-- name: stagings_of_district
-- The hidden files of a district's uploads that are not finished.
select staging from writing where district = :district;

-- name: forget_arrival
delete from arrival where district = :district;

-- name: forget_writing
delete from writing where district = :district;

-- name: forget_client_time
delete from client_time where district = :district;

-- name: forget_deadline
delete from deadline where district = :district;

-- name: forget_received
delete from received where district = :district;

-- name: forget_told
delete from told where district = :district;

-- name: forget_told_left_over
delete from told_left_over where district = :district;
