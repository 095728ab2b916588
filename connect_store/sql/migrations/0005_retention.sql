-- What is no longer kept of a batch: since when, and after how many days. `up_to` is the last event of the outbox that
-- went, so that a reader whose cursor is older learns that it missed some.

create table purged (
    batch {int} not null references batch (id),
    what text not null check (what in ('files', 'undo', 'reports', 'events')),
    at text not null,
    days {int} not null,
    up_to {int},
    primary key (batch, what)
) {strict};

create index outbox_of_batch on outbox (batch);
