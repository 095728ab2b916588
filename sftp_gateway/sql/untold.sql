-- Looked for at each arrival and each interruption, among all that ever came.
create index untold_arrival on arrival (generation) where told = 0;

create index untold_interruption on writing (id) where told = 0;
