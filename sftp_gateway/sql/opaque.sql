-- What its sender may not read back: in it are bytes of another account, or of a file that a batch took.
alter table arrival add column opaque integer not null default 0;

alter table writing add column opaque integer not null default 0;
