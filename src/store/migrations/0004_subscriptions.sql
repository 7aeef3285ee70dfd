-- Who is told of events, what they are told, and how that went.

create table subscriptions (
  id uuid primary key,
  name text unique,
  origin text not null, -- api; file: it stands in mesh.yaml and goes when it does not any more
  url text not null,
  events text[] not null, -- types and wildcards
  accounts integer[], -- null: every account
  filter json, -- JSON Schema over the event, as it was written; null: every event
  cause text not null, -- person, mirror, any
  private boolean not null,
  format text not null,
  template json, -- keys stay in their order
  channel text,
  rate_per_minute integer,
  ordering text not null, -- per-ticket, none
  description text,
  secrets text not null, -- sealed: [{secret, until}], the newest first
  token text, -- sealed
  enabled boolean not null,
  disabled_by text, -- person, failures, gone
  disabled_because text,
  disabled_at timestamptz,
  failing_since timestamptz, -- the first failure since the last success
  paused_until timestamptz, -- it asked for a pause
  rate_at timestamptz, -- up to when its rate is used up
  created_at timestamptz not null default now(),
  modified_at timestamptz
);

-- Events in full, as subscribers are told of them; only while there are any.
create table outbox (
  seq bigint generated always as identity primary key,
  id uuid not null unique,
  type text not null,
  account_id integer,
  doc jsonb not null,
  dispatched boolean not null default false, -- its deliveries have been made
  noted_at timestamptz not null default now()
);
create index outbox_open on outbox (seq) where not dispatched;

-- Whoever makes deliveries holds this row, so that they are made in the order of the events.
create table dispatch (
  one boolean primary key default true check (one),
  version bigint not null default 1 -- grows whenever subscriptions change
);
insert into dispatch default values;

-- One event for one subscription. due_at is lease and retry time in one; null while waiting: an earlier one of its ticket goes first.
create table deliveries (
  id uuid primary key,
  subscription_id uuid not null,
  event_id uuid not null,
  event_type text not null,
  seq bigint not null, -- of the event
  lane text, -- what has to keep its order; null: nothing
  test boolean not null default false,
  state text not null default 'waiting', -- waiting, delivered, dead
  reason text, -- why the last attempt failed
  attempts integer not null default 0, -- in all
  tries integer not null default 0, -- since it was made or replayed
  retry boolean not null default false, -- it was tried before
  due_at timestamptz,
  lease uuid,
  created_at timestamptz not null default now(),
  settled_at timestamptz
);
create unique index deliveries_once on deliveries (subscription_id, event_id);
create index deliveries_due on deliveries (subscription_id, retry, due_at) where due_at is not null;
create index deliveries_lane on deliveries (subscription_id, lane, seq) where state = 'waiting' and lane is not null;
create index deliveries_state on deliveries (subscription_id, state, id);
create index deliveries_event on deliveries (event_id);
create index deliveries_created on deliveries (created_at);

create table attempts (
  id bigint generated always as identity primary key,
  delivery_id uuid not null,
  at timestamptz not null,
  ms integer not null,
  status integer,
  failure text,
  headers jsonb not null,
  body text not null
);
create index attempts_delivery on attempts (delivery_id, id);

-- The first message about a ticket, which the later ones answer.
create table threads (
  subscription_id uuid not null,
  link_id uuid not null,
  thread text not null,
  primary key (subscription_id, link_id)
);
