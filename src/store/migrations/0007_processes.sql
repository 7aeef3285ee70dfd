-- What several processes have to know of each other, and of what went before.

-- Closed tickets that another ticket goes on from. That one may be closed and followed in its turn: none of them is forgotten.
create table followed (
  account_id integer not null,
  ticket_id text not null,
  primary key (account_id, ticket_id)
);
insert into followed (account_id, ticket_id)
select account_id, doc ->> 'follows' from replicas where doc ->> 'follows' is not null
on conflict do nothing;
drop index replicas_follows;

-- Where the server that was started last is reached: for those that do not listen themselves.
alter table configuration add column public_url text;
