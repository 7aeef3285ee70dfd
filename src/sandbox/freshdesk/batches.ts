/** Several tickets at once, and those that are put away: bulk jobs, merges, the archive. Source: developers.freshdesk.com "Tickets". */
import { randomUUID } from 'node:crypto';
import { isoSeconds } from '../kit/clock.ts';
import { Refused, type Call, type Json, type Premises, type Reply, type Route } from '../kit/desk.ts';
import { escapeHtml } from '../kit/html.ts';
import { isJson, wholeNumber } from '../kit/json.ts';
import { blank, featureMissing, invalidField, missing, notA, validationFailed, type Problem } from './errors.ts';
import { readInput } from './form.ts';
import type { Conversations } from './conversations.ts';
import type { Store, Ticket } from './model.ts';
import { pageOf } from './paging.ts';
import type { People } from './people.ts';
import type { Settings } from './settings.ts';
import type { Tickets } from './tickets.ts';
import type { Views } from './views.ts';

const MOST_TICKETS = 100;
const MOST_JOBS = 1_000;
const CLOSED = 5;
const MERGE_KEYS: ReadonlySet<string> = new Set(['primary_id', 'ticket_ids', 'note_in_primary', 'note_in_secondary', 'convert_recepients_to_cc']);

export interface Batches {
  readonly routes: readonly Route[];
  clear(): void;
}

export function createBatches(parts: {
  readonly store: Store;
  readonly people: People;
  readonly tickets: Tickets;
  readonly conversations: Conversations;
  readonly views: Views;
  readonly premises: Premises;
  readonly settings: Settings;
}): Batches {
  const { store, people, tickets, conversations, views, premises, settings } = parts;
  const jobs = new Map<string, Json>();

  const idsIn = (value: unknown, field: string, problems: Problem[]): readonly number[] => {
    if (!Array.isArray(value) || !value.every((id) => Number.isSafeInteger(id))) problems.push(notA(field, 'Array'));
    else if (value.length === 0) problems.push(blank(field));
    else if (value.length > MOST_TICKETS) problems.push({ field, message: `Has ${value.length} values, it can have maximum of ${MOST_TICKETS} values`, code: 'invalid_value' });
    else return value.map(Number);
    return [];
  };

  /** A job is done before it is answered for; at the vendor it takes a while. */
  function bulk(call: Call, known: ReadonlySet<string>, act: (ticket: Ticket, action: Json) => void): Reply {
    const action = readInput(call).fields['bulk_action'];
    if (!isJson(action)) throw validationFailed([notA('bulk_action', 'key/value pair', action === undefined ? 'missing_field' : 'datatype_mismatch')]);
    const problems: Problem[] = Object.keys(action).filter((key) => !known.has(key)).map(invalidField);
    const ids = idsIn(action['ids'], 'ids', problems);
    if (problems.length > 0) throw validationFailed(problems);
    const data = ids.map((id) => {
      try {
        act(tickets.writable({ ...call, params: { id: String(id) } }), action);
        return { id, success: true };
      } catch (error) {
        if (error instanceof Refused) return { id, success: false, error: error.reply.body ?? null };
        throw error;
      }
    });
    const id = randomUUID();
    jobs.set(id, { id, status: 'COMPLETED', status_updated_at: isoSeconds(premises.clock.now()), progress: 100, data });
    const [oldest] = jobs.keys();
    if (jobs.size > MOST_JOBS && oldest !== undefined) jobs.delete(oldest);
    return { status: 202, body: { job_id: id, href: `${premises.url()}/api/v2/jobs/${id}` } };
  }

  const bulkUpdate = (call: Call): Reply =>
    bulk(call, new Set(['ids', 'properties', 'reply', 'skip_close_notification']), (ticket, action) => {
      const { properties, reply } = action;
      if (properties !== undefined) tickets.change(ticket, { fields: isJson(properties) ? properties : { properties }, files: [], problems: [] });
      if (isJson(reply)) conversations.reply(ticket, { fields: reply, files: [], problems: [] }, people.caller(call));
    });

  /** Secondaries are closed with a note, and what was said in them appears in the primary. It cannot be undone. */
  function merge(call: Call): Reply {
    const { fields } = readInput(call);
    const problems: Problem[] = Object.keys(fields).filter((key) => !MERGE_KEYS.has(key)).map(invalidField);
    const ids = idsIn(fields['ticket_ids'], 'ticket_ids', problems);
    const { primary_id: primaryId } = fields;
    if (typeof primaryId !== 'number') problems.push(notA('primary_id', 'Positive Integer', primaryId === undefined ? 'missing_field' : 'datatype_mismatch'));
    const named = (id: number): Ticket | undefined => {
      const ticket = store.tickets.get(id);
      return ticket === undefined || ticket.deleted || ticket.spam || tickets.isArchived(ticket) ? undefined : ticket;
    };
    const primary = named(Number(primaryId));
    const secondaries = ids.flatMap((id) => named(id) ?? []);
    if (typeof primaryId === 'number' && primary === undefined) problems.push({ field: 'primary_id', message: 'There is no ticket matching the given primary_id', code: 'invalid_value' });
    if (secondaries.length < ids.length || ids.includes(Number(primaryId))) {
      problems.push({ field: 'ticket_ids', message: 'There are no tickets matching some of the given ticket_ids', code: 'invalid_value' });
    }
    if (problems.length > 0 || primary === undefined) throw validationFailed(problems);
    const by = people.caller(call);
    const noteOf = (key: string): { readonly text: string; readonly hidden: boolean } => {
      const given = fields[key];
      const note: Json = isJson(given) ? given : {};
      return { text: typeof note['body'] === 'string' ? `${note['body']}<br>` : '', hidden: note['private'] !== false };
    };
    const [above, below] = [noteOf('note_in_primary'), noteOf('note_in_secondary')];
    for (const secondary of secondaries) {
      // Closing asks for what it always asks for, so it comes first.
      tickets.change(secondary, { fields: { status: CLOSED }, files: [], problems: [] });
      const moved = secondary.conversations.splice(0);
      for (const conversation of moved) store.conversations.set(conversation.id, { ticket: primary, conversation });
      primary.conversations.push(...moved);
      conversations.note(secondary, `<div>${below.text}This ticket is closed and merged into ticket <a href="/helpdesk/tickets/${primary.id}">${primary.id}</a></div>`, below.hidden, by);
      conversations.note(primary, `<div>${above.text}Merged from ticket ${secondary.id}<br><b>Subject:</b> ${escapeHtml(secondary.subject)}<br><b>Description:</b> ${secondary.description}</div>`, above.hidden, by);
    }
    primary.conversations.sort((a, b) => a.created_at.localeCompare(b.created_at) || a.id - b.id);
    return { status: 204 };
  }

  const archived = (call: Call): Ticket => {
    if (!settings.archive) throw new Refused(featureMissing('Archive Tickets'));
    const ticket = store.tickets.get(wholeNumber(call.params['id']) ?? 0);
    if (!ticket || !tickets.isArchived(ticket)) throw new Refused(missing());
    return ticket;
  };

  return {
    clear: () => jobs.clear(),
    routes: [
      { method: 'POST', path: '/api/v2/tickets/bulk_update', handle: bulkUpdate },
      { method: 'POST', path: '/api/v2/tickets/bulk_delete', handle: (call) => bulk(call, new Set(['ids']), (ticket) => tickets.trash(ticket, true)) },
      { method: 'GET', path: '/api/v2/jobs/:id', handle: ({ params }) => ((job) => (job === undefined ? missing() : { status: 200, body: job }))(jobs.get(params['id'] ?? '')) },
      { method: 'PUT', path: '/api/v2/tickets/merge', handle: merge },
      {
        method: 'GET',
        path: '/api/v2/tickets/archived/:id',
        handle: (call) => {
          const ticket = archived(call);
          return { status: 200, body: { ...views.whole(ticket), ...views.extras(ticket, views.includes(call.query, ['requester', 'company', 'stats', 'conversations'])), archived: true } };
        },
      },
      {
        method: 'GET',
        path: '/api/v2/tickets/archived/:id/conversations',
        handle: (call) => {
          const ticket = archived(call);
          return pageOf(ticket.conversations, (item) => views.conversation(ticket, item), call, `${premises.url()}/api/v2/tickets/archived/${ticket.id}/conversations`);
        },
      },
      {
        method: 'DELETE',
        path: '/api/v2/tickets/archived/:id',
        handle: (call) => {
          const ticket = archived(call);
          store.tickets.delete(ticket.id);
          store.touched.delete(ticket.id);
          return { status: 204 };
        },
      },
    ],
  };
}
