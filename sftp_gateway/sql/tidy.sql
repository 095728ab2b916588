-- What may be forgotten is found at once.
create index forgettable on arrival (gone_at) where taken_at is null and told = 1;
