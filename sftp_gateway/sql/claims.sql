-- One writer a path, whichever process of the gateway serves it; `process` says whose writes end with it.
alter table writing add column process integer not null default 0;

create unique index one_writer_a_path on writing (district, drop_name, path) where interrupted_at is null;
