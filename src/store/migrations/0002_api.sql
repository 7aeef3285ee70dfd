-- What the API keeps.

-- Keys to the API. Only their hashes.
create table tokens (
  id uuid primary key,
  name text not null,
  hash text not null unique, -- SHA-256, hex
  hint text not null, -- the last characters, to tell it by
  account_id integer, -- the one account; null: every account
  read_only boolean not null,
  requests_per_minute integer,
  created_at timestamptz not null default now(),
  used_at timestamptz
);

-- Requests with an Idempotency-Key, for 24 hours.
create table once (
  id uuid primary key,
  caller text not null,
  key text not null,
  digest text not null, -- of everything that makes the request what it is
  intent jsonb, -- a write that was begun and of which no outcome is known
  answer text, -- sealed
  lease uuid,
  leased_until timestamptz,
  created_at timestamptz not null default now()
);
create unique index once_key on once (caller, key);
create index once_created on once (created_at);

-- What happened on the desks, in unified words. Rows come in any order; whoever first reads them gives them their places.
create table events (
  id bigint generated always as identity primary key,
  account_id integer not null,
  place bigint,
  type text not null,
  link_id uuid not null,
  ticket_id text not null,
  comment_id text,
  changed text[] not null,
  noted_at timestamptz not null default now()
);
create unique index events_place on events (account_id, place) where place is not null;
create index events_unplaced on events (account_id, id) where place is null;

-- How many places each account's feed has given.
create table feeds (
  account_id integer primary key,
  last bigint not null default 0
);

-- What lists gave, for a day: for desks whose pages move while they are read.
create table given (
  listing uuid not null, -- of version 7: it begins with the time
  digest text not null,
  turn integer not null,
  primary key (listing, digest)
);

-- What waits for a person is found among very many that do not.
create index receipts_parked on receipts (id) where state = 'parked';

alter table accounts add column modified_at timestamptz;
alter table accounts add column made_by uuid; -- the request that connected it, for when that comes again
