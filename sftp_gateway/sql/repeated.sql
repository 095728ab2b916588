-- An upload that holds its content twice is kept aside until the file comes again; nobody can go on with it.
alter table writing add column repeated integer not null default 0;
