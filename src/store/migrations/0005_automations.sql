-- What is done when something happens on a desk.

create table automations (
  name text primary key,
  place integer not null, -- in the file: the first runs first
  doc json not null -- {when, then}, as it was written
);

-- Each automation once for each event that it is meant for.
create table automation_runs (
  id bigint generated always as identity primary key,
  automation text not null,
  event_id text not null,
  link_id uuid not null,
  doc json, -- {automation, event} as they were when it was matched; null once it ran
  tries integer not null default 0,
  reason text, -- why the last try failed
  due_at timestamptz default now(), -- null once it ran
  lease uuid,
  ran_at timestamptz
);
create unique index automation_runs_once on automation_runs (automation, event_id);
create index automation_runs_due on automation_runs (due_at) where due_at is not null;
create index automation_runs_open on automation_runs (link_id, id) where due_at is not null;
create index automation_runs_ran on automation_runs (ran_at) where ran_at is not null;
