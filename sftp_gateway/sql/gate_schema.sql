-- Who is connected and who failed to log in, for all processes of a gateway. Times are seconds since 1970.

create table visitor (
  id integer primary key autoincrement,
  process integer not null,
  source text not null,
  account text
);

create index visitors_of_source on visitor (source);

create index visitors_of_account on visitor (account);

create table source (
  source text primary key,
  recent real not null,
  recent_at real not null,
  penalty_until real not null default 0,
  enforced integer not null default 0
);

create table wrong_password (
  name text not null,
  source text not null,
  failures integer not null,
  last_at real not null,
  primary key (name, source)
);

create table familiar (
  account text not null,
  source text not null,
  last_at real not null,
  primary key (account, source)
);
