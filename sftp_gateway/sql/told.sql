-- What the last report of an incomplete set of a drop said: no restart says it again.
create table told (
  district text not null,
  drop_name text not null,
  found text not null,
  at text not null,
  primary key (district, drop_name)
);

-- Temp names that a report has told; each is told once while it is left over.
create table told_left_over (
  district text not null,
  drop_name text not null,
  name text not null,
  primary key (district, drop_name, name)
);
