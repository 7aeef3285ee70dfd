/** The calls to one HelpSpace. https://documentation.helpspace.com/api-tickets (seed 003), api-message */
import { KEY_PATTERN } from '../../core/key.ts';
import type { Attachment, Comment, CommentDraft, Person, Ticket, TicketFields, Warning } from '../../core/model.ts';
import { DeskFailure, type Changes, type Download, type FileSource, type Page, type TicketQuery, type Written, type WrittenComment } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import { notDone } from '../kit/failure.ts';
import { without } from '../kit/hold.ts';
import { CALL_TIMEOUT_MS, type Http, type Sending } from '../kit/http.ts';
import { openRaws } from '../kit/raws.ts';
import { memory } from '../kit/remember.ts';
import { bytes } from '../kit/text.ts';
import type { Directory } from './directory.ts';
import { changes } from './feed.ts';
import { carriedBytes, once, packed, type Parcel } from './files.ts';
import { findTicket } from './find.ts';
import { openLists } from './lists.ts';
import { contactOf, customMap, fromMessage, fromPerson, fromTicket, marked, toNewTicket, toPatch, type First, type Words } from './map.ts';
import type { Settings } from './settings.ts';
import { isDeleted, manyPeople, oneMessage, oneTicket, unwrapMessage, type HelpspaceTicket } from './shapes.ts';
import { openThreads } from './thread.ts';
import { droppedTags, weigh } from './weigh.ts';

const REMEMBERED_MS = 3_600_000;
/** The vendor's limit of a body with all its images. */
const MOST_BODY_BYTES = 5 * 1024 * 1024;
/** What comes before a write is over by then, so that the write ends within the longest time of a call. */
const LOOKS_MS = 5_000;

/** What of a ticket a new message needs. */
interface Scene {
  readonly subject: string;
  readonly channel: string | null;
}

export interface ClientParts {
  readonly http: Http;
  /** The API's address. */
  readonly base: string;
  readonly settings: Settings;
  readonly directory: Directory;
  readonly world: World;
  /** For people. */
  readonly workspace: string;
}

export function openClient({ http, base, settings, directory, world, workspace }: ClientParts) {
  const now = (): number => world.now();
  const keys = memory<{ readonly key: string | null }>({ max: 20_000, ttlMs: REMEMBERED_MS, now });
  const scenes = memory<Scene>({ max: 20_000, ttlMs: REMEMBERED_MS, now });
  const words = (): Words => ({ settings, known: directory.known() });
  const threads = openThreads(http, words, world);
  const raws = openRaws();
  const path = (id: string): string => `/tickets/${encodeURIComponent(id)}`;
  /** False once a message that was sent as a private one came back as something else. */
  let internalHonoured = true;
  /** Whose token this is: no call tells, but what we made names its creator. */
  let self: Person | null = null;

  /** `first` undefined: messages were not read, and a key is told only if it is remembered. */
  const read = (raw: HelpspaceTicket, first: First): Ticket => {
    meet(raw);
    const ticket = raws.keep(fromTicket(raw, words(), first, base), raw);
    if (first === undefined) return raws.keep({ ...ticket, key: keys.get(ticket.id)?.key ?? null }, raw);
    keys.set(ticket.id, { key: ticket.key });
    if (ticket.key !== null) self ??= agentOf(raw);
    return ticket;
  };
  const lists = openLists({ http, world, directory, words, read: (raw) => read(raw, undefined) });
  const whole = async (raw: HelpspaceTicket): Promise<Ticket> => read(raw, await threads.first(raw));

  const client = {
    async getTicket(id: string): Promise<Ticket> {
      return whole(oneTicket(await http.get(path(id))).data);
    },

    /** Without descriptions, which are other calls. */
    listTickets: (page: string | null, query?: TicketQuery): Promise<Page<Ticket>> => lists(page, query),

    raw: (of: object): unknown => raws.of(of),

    async listComments(ticketId: string, page: string | null): Promise<Page<Comment>> {
      if (page !== null) throw new DeskFailure('refused', 'this is not a page token of ours');
      const messages = await threads.rest(ticketId);
      return { items: messages.map((raw) => raws.keep(fromMessage(raw, words(), { base, ticketId }), raw)).sort(byTime), next: null };
    },

    changes: (cursor: string | null, since: number): Promise<Changes> => changes(http, settings, world, cursor, since),

    async createTicket(fields: TicketFields, key: string, files: readonly FileSource[] = []): Promise<Written> {
      if (fields.public === false) throw new DeskFailure('refused', 'HelpSpace has no private tickets', { fields: ['public'] });
      const sendBy = deadline();
      const { held, warnings } = await weigh(fields, settings, directory);
      const asked = held.requester == null ? null : await personOf(held.requester);
      const requester = asked ?? fallbackRequester(settings);
      const channel = await directory.channel();
      const { body, attachments } = await parcelOf(marked(fields.description ?? '', key), files, settings.max_files_bytes);
      const json = {
        ...toNewTicket(held, words(), requester),
        channel: { id: channel },
        message: { body, ...(attachments.length > 0 && { attachments }) },
        skip_rules: !settings.run_rules,
        skip_autoreply: true,
        skip_notifications: !settings.notify_agents,
        send_mail_to_recipients: false,
      };
      inTime(sendBy);
      const raw = oneTicket(await http.send('POST', '/tickets', sending(json, files))).data;
      keys.set(String(raw.id), { key });
      self = agentOf(raw) ?? self;
      const ticket = read(raw, undefined);
      return { id: ticket.id, ticket, warnings: [...warnings, ...strangers(held, asked), ...droppedTags(held, ticket)] };
    },

    async updateTicket(id: string, patch: TicketFields): Promise<Written> {
      const sendBy = deadline();
      const { held: weighed, warnings } = await weigh(without(patch, ['description']), settings, directory);
      const more: Warning[] = [...warnings];
      if (patch.description !== undefined) more.push({ field: 'description', reason: 'HelpSpace does not change messages, and the first is the description' });
      const asked = weighed.requester == null ? null : await personOf(weighed.requester);
      more.push(...strangers(weighed, asked));
      const held = weighed.requester == null ? weighed : { ...weighed, requester: asked };
      const custom = (held.custom_properties ?? []).length === 0 ? {} : customMap(await looked(id));
      const json = toPatch(held, words(), custom);
      if (Object.keys(json).length === 0) return { id, ticket: null, warnings: more };
      inTime(sendBy);
      threads.forget(id);
      const ticket = read(oneTicket(await http.send('PATCH', path(id), { json })).data, undefined);
      return { id, ticket, warnings: [...more, ...droppedTags(held, ticket)] };
    },

    /** Into the trash, for good after thirty days. Answers 200 with a sentence. */
    async deleteTicket(id: string): Promise<void> {
      threads.forget(id);
      await http.send('DELETE', path(id));
    },

    /** Mailed to nobody: the customer has had it from the desk it was written on. */
    async createComment(ticketId: string, draft: CommentDraft, key: string, files: readonly FileSource[] = []): Promise<WrittenComment> {
      if (!draft.public) refuseOpen();
      const html = marked(draft.content, key);
      const length = bytes(html);
      if (length > settings.max_comment_bytes) {
        throw new DeskFailure('refused', `a message of ${length} bytes is longer than the ${settings.max_comment_bytes} that are allowed here`);
      }
      const sendBy = deadline();
      const scene = await sceneOf(ticketId);
      const { body, attachments } = await parcelOf(html, files, settings.max_files_bytes);
      const type = draft.public ? 'external' : 'internal';
      const json = {
        type,
        from_contact: senderOf(scene),
        subject: scene.subject,
        body,
        // The vendor's page of tickets says `name`, a client `file_name`.
        ...(attachments.length > 0 && { attachments: attachments.map((file) => ({ ...file, file_name: file.name })) }),
        skip_notifications: !settings.notify_agents,
        send_mail_to_recipients: false,
      };
      inTime(sendBy);
      threads.forget(ticketId);
      const raw = unwrapMessage(oneMessage(await http.send('POST', `${path(ticketId)}/messages`, sending(json, files))));
      if (!draft.public && raw.type != null && raw.type !== 'internal') internalHonoured = false;
      const comment = fromMessage({ ...raw, body: raw.body ?? body, type: raw.type ?? type }, words(), { base, ticketId });
      return { comment: raws.keep(comment, raw), warnings: [] };
    },

    async find(key: string, sentAt: number): Promise<Ticket | null> {
      if (!KEY_PATTERN.test(key)) throw new DeskFailure('refused', 'this is not a key of ours');
      return findTicket({ http, world, key, sentAt, open: whole, known: (id) => keys.get(id)?.key });
    },

    async download({ url }: Pick<Attachment, 'url'>): Promise<Download> {
      const carried = /^(.+\/messages\/[^/#?]+)#image-(\d{1,4})$/.exec(url);
      const message = carried?.[1];
      if (message === undefined || !message.startsWith(`${base}/`)) return http.download(url, { credentials: true });
      const { body } = unwrapMessage(oneMessage(await http.get(message.slice(base.length))));
      const found = carriedBytes(body ?? '', Number(carried?.[2]));
      if (found === null) throw new DeskFailure('missing', 'the message carries no such image');
      return found;
    },

    /** The API knows no "me": the list of agents proves token and workspace. */
    async check(): Promise<Person> {
      manyPeople(await http.get('/agents?per-page=1'));
      return { user_id: null, email: null, name: `access token of HelpSpace workspace ${workspace}` };
    },
  };

  function meet({ id, subject, channel }: HelpspaceTicket): void {
    if (subject === undefined) return;
    const address = channel?.value ?? '';
    scenes.set(String(id), { subject: subject?.trim() || '(no subject)', channel: address.includes('@') ? address : null });
  }

  /** A private comment is not sent where it may come out as a public one. */
  function refuseOpen(): void {
    if (!settings.private_messages) throw new DeskFailure('refused', 'the setting private_messages says that this account takes no private messages');
    if (internalHonoured) return;
    throw new DeskFailure('refused', 'HelpSpace made a public message of one that was sent as internal: set private_messages to false, or ask its support');
  }

  /** The agent that made a ticket; null if it is not told, or is nobody of the agents. */
  function agentOf({ creator }: HelpspaceTicket): Person | null {
    const { agents } = directory.known();
    const email = creator?.email?.trim().toLowerCase();
    if (creator == null || !email?.includes('@') || agents?.some((agent) => agent.email?.toLowerCase() === email) === false) return null;
    return fromPerson(creator);
  }

  /** Never the customer: a message of theirs is answered by others, and counts as theirs. */
  function senderOf({ channel }: Scene): Record<string, unknown> {
    if (settings.sender !== undefined) return { ...settings.sender };
    if (self !== null) return contactOf(self);
    if (channel !== null) return { email: channel };
    throw new DeskFailure('refused', 'nobody is known in whose name a message could be written: set sender in this account’s settings');
  }

  function deadline(): number {
    return now() + LOOKS_MS + (settings.create_tags ? CALL_TIMEOUT_MS : 0);
  }

  function inTime(sendBy: number): void {
    if (now() > sendBy) throw new DeskFailure('unavailable', 'not sent: what had to be known before took too long');
  }

  /** With an e-mail address, if need be that of the customer with this id. */
  async function personOf(person: Person): Promise<Person | null> {
    if (person.email !== null || person.user_id === null) return person;
    const customer = await directory.customer(person.user_id);
    return customer?.email == null ? null : customer;
  }

  async function sceneOf(id: string): Promise<Scene> {
    const known = scenes.get(id);
    if (known !== undefined) return known;
    meet({ subject: null, ...(await looked(id)) });
    return scenes.get(id) ?? { subject: '(no subject)', channel: null };
  }

  async function looked(id: string): Promise<HelpspaceTicket> {
    const { data } = await notDone(async () => oneTicket(await http.look(path(id))), { ofTarget: true });
    if (isDeleted(data)) throw new DeskFailure('missing', 'the ticket is in the trash');
    return data;
  }

  return client;
}

function fallbackRequester(settings: Settings): Person {
  const email = settings.default_requester_email;
  if (email !== undefined) return { user_id: null, email, name: null };
  throw new DeskFailure('refused', 'HelpSpace makes no ticket without a requester: set default_requester_email in this account’s settings', { fields: ['requester'] });
}

function strangers({ requester }: TicketFields, found: Person | null): readonly Warning[] {
  return requester != null && found === null ? [{ field: 'requester', reason: `no customer here with an e-mail address has the id ${requester.user_id ?? ''}` }] : [];
}

/** Reads the files, before anything is sent. */
async function parcelOf(html: string, files: readonly FileSource[], most: number): Promise<Parcel> {
  const total = files.reduce((sum, { size }) => sum + size, 0);
  if (total > most) throw new DeskFailure('refused', `files of ${total} bytes are more than the ${most} that are taken with one message here`);
  const parcel = await notDone(() => packed(html, files));
  const length = bytes(parcel.body);
  if (length > MOST_BODY_BYTES) throw new DeskFailure('refused', `a message of ${length} bytes with its images is longer than the 5 MB that HelpSpace takes`);
  return parcel;
}

/** With files a body takes longer to send than words: it goes as a stream, whose time-outs are longer. */
function sending(json: unknown, files: readonly FileSource[]): Sending {
  if (files.length === 0) return { json };
  const body = Buffer.from(JSON.stringify(json));
  return { body: once(body), headers: { 'content-type': 'application/json; charset=utf-8', 'content-length': String(body.length) } };
}

/** Stable, so what was written in one second stays in the order of its ids. */
function byTime(a: Comment, b: Comment): number {
  return Date.parse(a.created_at ?? '') - Date.parse(b.created_at ?? '') || 0;
}
