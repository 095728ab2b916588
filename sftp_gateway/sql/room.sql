-- What an upload under way may still take of its drop: up to which place it may write, and how many bytes may come.
alter table writing add column room integer not null default 0;

alter table writing add column allowance integer not null default 0;

-- What has come to a drop on a day of UTC, uploads that are over; those under way count by their allowance.
create table received (
  district text not null,
  drop_name text not null,
  day text not null,
  bytes integer not null,
  primary key (district, drop_name, day)
);
