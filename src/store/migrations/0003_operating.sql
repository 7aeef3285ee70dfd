-- What it takes to explain a ticket, and to find what waits for a person.

-- A ticket's receipts once they are done with; those that are not have an index already, so that a new one is put into one only.
create index receipts_done on receipts (account_id, ticket_id, id) where state <> 'accepted';

alter table operations add column wrote jsonb; -- what the write carried, long texts cut
alter table operations add column answer jsonb; -- the id that the desk gave, or its status and code

-- A step of this replica was refused twice and waits for a person.
alter table replicas add column parked boolean not null default false;
update replicas r set parked = true where exists (select 1 from jsonb_each(r.doc -> 'held') h where (h.value ->> 'count')::int >= 2);
create index replicas_parked on replicas (id) where parked;
