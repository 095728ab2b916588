-- Who has logged in has one account in every role: found without reading everybody.

create index person_logged_in on person (district) where account = 'active';
