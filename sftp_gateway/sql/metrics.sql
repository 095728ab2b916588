-- name: connections
-- Who is connected right now, those that have logged in apart from those that have not.
select account is not null as logged_in, count(*) as connections from visitor group by logged_in;

-- name: banned
-- Sources that are refused at this moment.
select count(*) from source where enforced and penalty_until > :now;

-- name: uploads_open
-- Uploads that clients have open.
select count(*) from writing where interrupted_at is null;

-- name: untold
-- Arrivals and interruptions that the service has not been told of.
select (select count(*) from arrival where told = 0 and gone_at is null)
     + (select count(*) from writing where told = 0 and interrupted_at is not null);
