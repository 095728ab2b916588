-- Pulls: when a district's roster was fetched, and what came of it.

create table pull (
    id {id},
    district text not null,
    at text not null,
    who text not null,
    outcome text not null check (outcome in ('taken', 'unchanged', 'paused', 'failed')),
    code text,
    batch {int},
    facts text
) {strict};

create index pull_of_district on pull (district, id);
