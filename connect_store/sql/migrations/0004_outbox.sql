-- What changed for whom, for programs that tell people or follow Connect: written with the change, read in the order of
-- `id`, which is never given twice. `detail` names fields, never their values.

create table outbox (
    id {cursor},
    district text not null,
    batch {int} not null references batch (id),
    at text not null,
    event text not null,
    kind text not null,
    key text not null,
    student text,
    detail text
) {strict};

create index outbox_of_district on outbox (district, id);
