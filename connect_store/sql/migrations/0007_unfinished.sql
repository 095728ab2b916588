-- What the queue and a run again are found by, in a ledger of years: a few entries each.

create index batch_unfinished on batch (district, id) where state in ('frozen', 'working', 'scheduled', 'decided');

create index batch_run_again on batch (requeue_of, id) where requeue_of is not null;
