-- What every ticket costs to write.

-- Rows are numbered as they come: what is old is found at the beginning.
drop index receipts_received;
drop index operations_ended;
drop index notes_noted;

-- A replica that has no ticket yet is found by its link.
drop index replicas_ticket;
create unique index replicas_ticket on replicas (account_id, ticket_id) where ticket_id is not null;

-- Documents that are read whole need not be taken apart when they are written.
alter table receipts alter column headers type json using headers::json;
alter table links alter column fields type json using fields::json, alter column life type json using life::json, alter column files type json using files::json;
alter table replicas alter column doc type json using doc::json;
alter table operations alter column wrote type json using wrote::json, alter column answer type json using answer::json,
  alter column warnings type json using warnings::json, alter column files type json using files::json;
alter table notes alter column doc type json using doc::json;
