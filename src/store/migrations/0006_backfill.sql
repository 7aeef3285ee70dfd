-- History that is brought along when a mirror is switched on.

create table backfills (
  mirror text primary key,
  state text not null, -- listing, listed, bringing, done
  since bigint not null, -- tickets created before are left alone (epoch milliseconds)
  began bigint not null, -- tickets created before may have counterparts (epoch milliseconds)
  ended bigint,
  accounts integer[] not null, -- whose lists are read
  sources integer[] not null, -- whose tickets are brought
  pairs boolean not null, -- tickets that are on both sides already are recognised
  per_minute integer,
  estimate boolean not null, -- stops when everything is listed
  lease uuid,
  leased_until timestamptz
);

-- How far each account's list was read.
create table backfill_lists (
  mirror text not null,
  account_id integer not null,
  page text,
  turn integer not null default 1, -- a list that does not hold still is read again until nothing new is in it
  fresh integer not null default 0, -- tickets that were new in this turn
  done boolean not null default false,
  problem text,
  budget integer, -- calls a minute, as the desk told
  primary key (mirror, account_id)
);

-- Every ticket that was seen in a list, and what became of it.
create table sightings (
  mirror text not null,
  account_id integer not null,
  ticket_id text not null,
  created bigint not null, -- epoch milliseconds; 0: not told
  state text not null, -- listed, wanted, signalled, settled, skipped, doubtful
  tries integer not null default 0,
  doubt jsonb, -- {because, candidates}
  primary key (mirror, account_id, ticket_id)
);
create index sightings_state on sightings (mirror, state, created);

-- What counterparts are looked up by.
create table traits (
  mirror text not null,
  trait text not null,
  account_id integer not null,
  ticket_id text not null,
  created bigint not null,
  primary key (mirror, trait, account_id, ticket_id)
);
create index traits_ticket on traits (mirror, account_id, ticket_id);
