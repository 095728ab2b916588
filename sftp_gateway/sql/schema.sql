-- The journal of the gateway. Times are UTC text of fixed width; a generation is our own count.

create table arrival (
  generation integer primary key autoincrement,
  district text not null,
  drop_name text not null,
  name text not null,
  size integer not null,
  inode integer not null,
  mtime_ns integer not null,
  by_gateway integer not null,
  arrived_at text not null,
  account text,
  told integer not null default 0,
  taken_at text,
  batch integer,
  gone_at text
);

create unique index one_current_generation on arrival (district, drop_name, name) where gone_at is null;

create index same_file on arrival (district, drop_name, inode, size, mtime_ns);

create table writing (
  id integer primary key autoincrement,
  district text not null,
  drop_name text not null,
  path text not null,
  staging text not null unique,
  account text not null,
  opened_at text not null,
  copied integer not null,
  interrupted_at text,
  size integer not null default 0,
  told integer not null default 0
);

create table client_time (
  district text not null,
  drop_name text not null,
  path text not null,
  atime integer not null,
  mtime integer not null,
  primary key (district, drop_name, path)
);

create table deadline (
  district text primary key,
  day text not null
);
