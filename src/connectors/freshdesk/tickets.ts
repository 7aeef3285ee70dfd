/** One ticket at a time. REST API v2: https://developers.freshdesk.com/api/#tickets */
import type { Person, Ticket, TicketFields, Warning } from '../../core/model.ts';
import { DeskFailure, type FileSource, type Written } from '../../ports/connector.ts';
import { notDone } from '../kit/failure.ts';
import { unwritable, wireId, without } from '../kit/hold.ts';
import { memory } from '../kit/remember.ts';
import type { Blame } from './complaints.ts';
import type { Connection, Seen } from './connection.ts';
import { leaveOutBlamed, sendCorrected, type Attempt, type Correction } from './correct.ts';
import { isFull, leftBehind, sendingOf } from './files.ts';
import { fromTicket, hasTwins, hold, readStatus, toNewTicket, toPatch, type Body } from './map.ts';
import { lacksChain, withChains } from './properties.ts';
import { isRequester, requesterOf, type Requesters } from './requester.ts';
import { oneTicket, type FreshdeskTicket } from './shapes.ts';
import { cannotEmpty, presets, unassigned } from './warnings.ts';

const WRITTEN: ReadonlySet<string> = new Set([
  'subject', 'description', 'status', 'priority', 'ticket_type', 'tags', 'due_at', 'requester', 'assignee', 'public', 'email_ccs', 'group', 'company', 'custom_properties',
]);
const NO_ARCHIVE_MS = 3_600_000;

export interface Tickets {
  /** What a row or a shown ticket says, people included as far as they may be known. */
  read(raw: FreshdeskTicket): Promise<Ticket>;
  get(id: string): Promise<Ticket>;
  create(fields: TicketFields, key: string, files: readonly FileSource[]): Promise<Written>;
  update(id: string, patch: TicketFields): Promise<Written>;
  delete(id: string): Promise<void>;
  restore(id: string): Promise<void>;
  /** What was seen of a ticket, or what a brief look shows before a write. */
  look(id: string): Promise<Seen>;
  /** Makes of a write to a ticket that is in the archive what it is: a refusal, not a ticket that is gone. */
  unlessArchived<T>(id: string, write: Promise<T>): Promise<T>;
}

/** What a write carries after everything that it names was looked up. */
interface Resolved {
  readonly held: TicketFields;
  readonly assignee: Person | null;
  readonly company: string | null;
  readonly warnings: readonly Warning[];
}

export function openTickets(connection: Connection): Tickets {
  const { http, people, settings, words, path, raws } = connection;
  const archive = memory<'none'>({ max: 1, ttlMs: NO_ARCHIVE_MS, now: connection.now });

  const read = async (raw: FreshdeskTicket): Promise<Ticket> => {
    connection.see(raw);
    people.meet(raw.requester);
    const ticket = fromTicket(raw, words(), {
      requester: raw.requester_id == null ? null : (people.remembered(raw.requester_id) ?? { user_id: String(raw.requester_id), email: null, name: null }),
      assignee: raw.responder_id == null ? null : await people.agent(raw.responder_id),
    });
    const merged = ticket.status === 'closed' ? connection.merges.get(ticket.id) : undefined;
    return raws.keep(merged === undefined ? ticket : { ...ticket, merged_into: merged }, raw);
  };

  /** Closed and idle for long, and therefore read-only; null if the archive does not have it, or if there is none. */
  async function archived(id: string): Promise<FreshdeskTicket | null> {
    if (archive.get('') === 'none') return null;
    try {
      return oneTicket(await http.get(`/tickets/archived/${encodeURIComponent(id)}`));
    } catch (error) {
      if (!(error instanceof DeskFailure)) throw error;
      if (error.status === 403) archive.set('', 'none');
      if (error.status === 403 || error.kind === 'missing') return null;
      throw error;
    }
  }

  async function get(id: string): Promise<Ticket> {
    try {
      return await read(oneTicket(await http.get(`${path(id)}?include=requester`)));
    } catch (error) {
      const old = error instanceof DeskFailure && error.kind === 'missing' ? await archived(id) : null;
      if (old === null) throw error;
      if (old.requester == null && old.requester_id != null) await people.contact(old.requester_id);
      return read(old);
    }
  }

  async function unlessArchived<T>(id: string, write: Promise<T>): Promise<T> {
    try {
      return await write;
    } catch (error) {
      if (error instanceof DeskFailure && error.status === 404 && (await archived(id).catch(() => null)) !== null) {
        throw new DeskFailure('refused', 'the ticket is in Freshdesk’s archive, where nothing can be changed', { status: 404 });
      }
      throw error;
    }
  }

  const look = async (id: string): Promise<Seen> => connection.see(await notDone(async () => oneTicket(await http.look(path(id))), { ofTarget: true }));

  /** The answer of a write. Whom it names is known or left out; its due date is still the old one or none, so what was sent stands. */
  const written = (raw: FreshdeskTicket, held: TicketFields, assignee: Person | null): Ticket => {
    connection.see(raw);
    const known = (id: number | string): Person | undefined => (assignee?.user_id === String(id) ? assignee : people.remembered(id));
    const requester = raw.requester_id == null ? null : (people.remembered(raw.requester_id) ?? named(held.requester ?? null, raw.requester_id));
    const { due_at: _unsure, ...ticket } = fromTicket(raw, words(), { requester, assignee: raw.responder_id == null ? null : known(raw.responder_id) });
    return raws.keep(held.due_at == null ? ticket : { ...ticket, due_at: held.due_at }, raw);
  };

  async function resolve(fields: TicketFields, weighed: TicketFields): Promise<Resolved> {
    const warnings: Warning[] = [];
    let held = weighed;
    let assignee: Person | null = null;
    const drop = (field: keyof TicketFields, reason: string): void => {
      held = without(held, [field]);
      warnings.push({ field, reason });
    };
    if (held.assignee != null) {
      const { email, user_id: id } = held.assignee;
      if (email !== null) {
        assignee = await people.agentByEmail(email);
        if (assignee === null) drop('assignee', `no agent here is known to have the address ${email}`);
      } else if ((await people.isAgent(id ?? '')) === false) drop('assignee', `there is no agent here with the number ${id ?? ''}`);
      else assignee = held.assignee;
    }
    let company: string | null = null;
    if (fields.company != null && held.company === undefined && fields.company.trim() !== '') {
      company = await people.company(fields.company);
      if (company === null) warnings.push({ field: 'company', reason: `there is no company here that is called ${fields.company}` });
    }
    return { held, assignee, company, warnings };
  }

  /** Two things may be refused for reasons of their own: whom the ticket is for, and single values. */
  const correcting =
    (requesters: Requesters | null, update: boolean, dropFiles: (blames: readonly Blame[]) => readonly Warning[] | null): Correction =>
    async (attempt, blames, failure) => {
      const about = blames.filter(isRequester);
      const others = blames.filter((blame) => !isRequester(blame));
      let next: Attempt | null = attempt;
      if (isFull(others)) {
        const warnings = dropFiles(others);
        next = warnings === null ? null : { ...attempt, warnings: [...attempt.warnings, ...warnings] };
      } else if (others.length > 0) next = leaveOutBlamed(attempt, others, { defaults: settings.defaults, update });
      // A contact in the trash is told as conflict, or as a verb that is not allowed; of an update that is the ticket itself.
      const unsaid = blames.length === 0 && !update && (failure.status === 409 || failure.status === 405);
      if (next !== null && (about.length > 0 || unsaid)) next = requesters === null ? null : await requesters.next(next, about);
      return next === attempt ? null : next;
    };

  async function create(fields: TicketFields, key: string, files: readonly FileSource[]): Promise<Written> {
    if (fields.public === false) throw new DeskFailure('refused', 'Freshdesk has no private tickets', { fields: ['public'] });
    const pace = connection.pace(files.length > 0);
    const weighed = hold(fields, words());
    const { held, assignee, company, warnings } = await resolve(fields, weighed.held);
    const custom = Object.fromEntries((held.custom_properties ?? []).flatMap(({ id, value }) => (value === null ? [] : [[id, value] as const])));
    const bare = toNewTicket({ fields, held, assigneeId: assignee?.user_id ?? null, marks: [key], custom }, words());
    const requesters = requesterOf(held.requester ?? null, false, connection);
    const first = await requesters.first(withDefaults(company === null ? bare : { ...bare, company_id: wireId(company) }));
    pace.demand();
    let sent = files;
    const dropFiles = (blames: readonly Blame[]): readonly Warning[] | null => {
      const left = sent.length === 0 ? null : leftBehind(sent, blames);
      sent = [];
      return left;
    };
    const post = async (body: Body) => http.send('POST', '/tickets', await sendingOf(body, sent));
    const { answer, attempt } = await sendCorrected(first, post, correcting(requesters, false, dropFiles), pace.inTime).catch(notGone);
    const raw = oneTicket(answer);
    const known = await recognised(raw, stillHeld(held, attempt.warnings).requester ?? null);
    const shown = written(raw, stillHeld(held, attempt.warnings), assignee);
    const told = [
      ...weighed.warnings, ...warnings, ...attempt.warnings, ...known, ...unwritable(fields, WRITTEN), ...unassigned(raw, attempt.body), ...presets(fields, bare, attempt.body),
    ];
    return { id: shown.id, ticket: shown, warnings: told };
  }

  /** Somebody with several addresses is known by the first, whichever was written: no person changed that. */
  async function recognised(raw: FreshdeskTicket, asked: Person | null): Promise<readonly Warning[]> {
    if (asked?.email == null || raw.requester_id == null) return [];
    const email = (await people.whoIs(raw.requester_id))?.email ?? null;
    if (email === null || email.toLowerCase() === asked.email.toLowerCase()) return [];
    return [{ field: 'requester', reason: `Freshdesk knows ${asked.email} as ${email}` }];
  }

  /** What the account's form asks for and the ticket does not bring. What else it asks for it will say. */
  function withDefaults(body: Body): Body {
    const { form } = words();
    const custom: Record<string, unknown> = { ...(body.custom_fields as Body | undefined) };
    const next: Record<string, unknown> = { ...body };
    for (const [name, value] of Object.entries(settings.defaults)) {
      if (form?.fields.get(name)?.required === true) custom[name] ??= value;
      else if (form?.required.has(name) === true) next[name] ??= value;
    }
    if (Object.keys(custom).length > 0) next.custom_fields = custom;
    return next;
  }

  async function update(id: string, patch: TicketFields): Promise<Written> {
    const pace = connection.pace(false);
    const weighed = hold(patch, words());
    const warnings: Warning[] = [...weighed.warnings, ...unwritable(patch, WRITTEN), ...cannotEmpty(patch)];
    if (patch.email_ccs !== undefined) warnings.push({ field: 'email_ccs', reason: 'Freshdesk takes copies only when a ticket is made' });
    if (patch.public === false) warnings.push({ field: 'public', reason: 'Freshdesk has no private tickets' });
    const resolved = await resolve(patch, without(weighed.held, ['email_ccs']));
    warnings.push(...resolved.warnings);
    const { held, assignee, company } = resolved;
    const given = Object.fromEntries((held.custom_properties ?? []).map(({ id: name, value }) => [name, value]));
    const seen = await needed(id, held, given);
    const custom = withChains(given, seen?.custom ?? null, words().form);
    const patched = toPatch({ fields: patch, held: spared(id, held), assigneeId: assignee?.user_id ?? null, marks: seen?.marks ?? [], custom }, words());
    const bare = company === null ? patched : { ...patched, company_id: wireId(company) };
    const requesters = held.requester == null ? null : requesterOf(held.requester, true, connection);
    const first = requesters === null ? { body: bare, warnings: [] } : await requesters.first(bare);
    if (Object.keys(first.body).length === 0) return { id, ticket: null, warnings: [...warnings, ...first.warnings] };
    pace.demand();
    let latest = first;
    const correct = correcting(requesters, true, () => null);
    const sending = sendCorrected(
      first,
      (body) => http.send('PUT', path(id), { json: body }),
      async (attempt, blames, failure) => {
        const next = await correct(attempt, blames, failure);
        if (next !== null) latest = next;
        // Nothing is left to be written: that is no call.
        return next === null || Object.keys(next.body).length === 0 ? null : next;
      },
      pace.inTime,
    );
    try {
      const { answer, attempt } = await unlessArchived(id, sending);
      const raw = oneTicket(answer);
      const known = await recognised(raw, stillHeld(held, attempt.warnings).requester ?? null);
      return { id, ticket: written(raw, stillHeld(held, attempt.warnings), assignee), warnings: [...warnings, ...attempt.warnings, ...known, ...unassigned(raw, attempt.body)] };
    } catch (error) {
      if (error instanceof DeskFailure && Object.keys(latest.body).length === 0) return { id, ticket: null, warnings: [...warnings, ...latest.warnings] };
      throw error;
    }
  }

  /** What a write must know of the ticket as it is: our mark with its tags, a status of its own, the levels above a dependent field. */
  async function needed(id: string, held: TicketFields, custom: Body): Promise<Seen | undefined> {
    const fresh = connection.justSeen(id);
    const { form } = words();
    if (fresh === undefined && ((held.status != null && hasTwins(held.status, words())) || lacksChain(custom, form))) return look(id);
    const seen = fresh ?? connection.seen(id);
    // A mark stays as it is, so that what was seen of it earlier will do.
    return held.tags !== undefined && seen?.marks == null ? look(id) : seen;
  }

  /** A status of the account's own that means the same is not turned into the shared one. */
  function spared(id: string, held: TicketFields): TicketFields {
    const status = connection.justSeen(id)?.status ?? null;
    const same = status !== null && status > 5 && held.status != null && readStatus(status, words()) === held.status;
    return same ? without(held, ['status']) : held;
  }

  return {
    read,
    get,
    create,
    update,
    look,
    unlessArchived,
    async delete(id) {
      await unlessArchived(id, http.send('DELETE', path(id)));
    },
    async restore(id) {
      await http.send('PUT', `${path(id)}/restore`);
    },
  };
}

/** A create has no ticket that could be gone: what is not allowed is its requester. */
function notGone(error: unknown): never {
  if (!(error instanceof DeskFailure) || error.kind !== 'missing') throw error;
  throw new DeskFailure('refused', error.message, { status: error.status, code: error.code, fields: ['requester'] });
}

function named(person: Person | null, id: number | string): Person | undefined {
  return person === null ? undefined : { ...person, user_id: String(id) };
}

/** Without the fields that were left out on the way. */
function stillHeld(held: TicketFields, warnings: readonly Warning[]): TicketFields {
  return without(held, warnings.map(({ field }) => field));
}
