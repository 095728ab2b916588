-- When a batch that is judged already is to be applied: its district has a Sync Start Time.

alter table batch add column due text;
