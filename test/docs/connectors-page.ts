/**
 * Makes docs/connectors.md of what the connectors say of themselves. Lives under test/ because only developers run it and it reads the tests:
 * what is shipped (src, docs) must not depend on them.
 */
import { connectors } from '../../src/connectors/index.ts';
import type { Capabilities, Connector } from '../../src/ports/connector.ts';
import type { TicketFieldName } from '../../src/core/model.ts';
import { accountOf, testWorld } from '../contract/connectors/world.ts';
import { filesFor, hardCasesOf, titlesOfTests, type HardCase } from './hard-cases.ts';

interface Described {
  readonly connector: Connector;
  readonly can: Capabilities;
}

/** Every field of a ticket: the compiler says when one is missing here. */
const FIELDS: Readonly<Record<TicketFieldName, true>> = {
  subject: true, description: true, status: true, priority: true, ticket_type: true, tags: true, public: true, due_at: true, custom_properties: true,
  group: true, company: true, requester: true, submitter: true, assignee: true, email_ccs: true, followers: true,
};

type Row<T> = readonly [what: string, cell: (value: T) => string];
const yes = (value: boolean): string => (value ? 'yes' : '–');
const short = (value: number): string => String(value).replace(/(\.\d\d)\d+/, '$1');
const span = (ms: number): string => (ms === 0 ? '–' : ms >= 3_600_000 ? `${short(ms / 3_600_000)} h` : ms >= 60_000 ? `${short(ms / 60_000)} min` : `${short(ms / 1_000)} s`);
const size = (bytes: number): string => (bytes === 0 ? '–' : bytes >= 1_048_576 ? `${Math.round(bytes / 104_857.6) / 10} MiB` : bytes >= 1_024 ? `${Math.round(bytes / 102.4) / 10} KiB` : `${bytes} B`);

const COMMENTS: Readonly<Record<keyof Capabilities['comments'], Row<Capabilities['comments']>>> = {
  list: ['are read', ({ list }) => yes(list)],
  create: ['are written', ({ create }) => yes(create)],
  private: ['can be private', (can) => yes(can.private)],
  edit: ['texts can be changed', ({ edit }) => yes(edit)],
  delete: ['can be deleted', (can) => yes(can.delete)],
  makePrivate: ['can be made private later', ({ makePrivate }) => yes(makePrivate)],
  withUpdate: ['go along with an update in one call', ({ withUpdate }) => yes(withUpdate)],
  maxBytes: ['at most', ({ create, maxBytes }) => (create ? size(maxBytes) : '–')],
  keyVisible: ['our key is seen in the list', ({ keyVisible }) => yes(keyVisible)],
  listLagMs: ['may be missing from the list for', ({ list, listLagMs }) => (list ? span(listLagMs) : '–')],
};

const FILES: Readonly<Record<keyof Capabilities['files'], Row<Capabilities['files']>>> = {
  read: ['are told and fetched', ({ read }) => yes(read)],
  ticket: ['are written with a new ticket', ({ ticket }) => yes(ticket)],
  comment: ['are written with a new comment', ({ comment }) => yes(comment)],
  inline: ['are shown inside the text', ({ inline }) => yes(inline)],
  maxBytes: ['one has at most', ({ maxBytes }) => size(maxBytes)],
  maxTotalBytes: ['all of one write have at most', ({ maxTotalBytes }) => size(maxTotalBytes)],
  callTimeoutMs: ['a write with files takes at most', ({ callTimeoutMs }) => span(callTimeoutMs)],
};

const TICKETS: Readonly<Record<keyof Capabilities['tickets'], Row<Capabilities['tickets']>>> = {
  delete: ['deleting', (can) => (can.delete === 'soft' ? 'to the trash' : 'for good')],
  restore: ['come back from the trash', ({ restore }) => yes(restore)],
  closedIsFinal: ['refuse changes once closed', ({ closedIsFinal }) => yes(closedIsFinal)],
  followUp: ['a closed one can be followed by a new one', ({ followUp }) => yes(followUp)],
  changesTellDeletes: ['deletions are in the list of changes', ({ changesTellDeletes }) => yes(changesTellDeletes)],
  keyVisible: ['our key is seen', ({ keyVisible }) => yes(keyVisible)],
  findLagMs: ['may not be found by key for', ({ findLagMs }) => span(findLagMs)],
  idempotentCreateMs: ['a repeated create gives the first answer for', ({ idempotentCreateMs }) => span(idempotentCreateMs)],
};

/** The whole page. */
export function connectorsPage(): string {
  const titles = titlesOfTests();
  const all = Object.values(connectors).map((connector): Described => {
    const { url, credentials, settings } = connector.about.sample;
    return { connector, can: connector.connect(accountOf({ connector, url, settings }, credentials), testWorld(() => 0)).can };
  });
  return [
    HEAD,
    '## Fields of a ticket\n',
    'What can be read, and when it can be written: at the creation, at an update, or always. A field that is not held is left out of a write and named in its warnings.\n',
    table(all, Object.keys(FIELDS).map((field) => [`\`${field}\``, ({ can }) => fieldCell(can, field as TicketFieldName)])),
    '## Tickets\n',
    table(all, [
      ...Object.values(TICKETS).map(([what, cell]): Row<Described> => [what, ({ can }) => cell(can.tickets)]),
      ['webhooks carry the whole ticket', ({ can }) => yes(can.snapshots)],
      ['lists are narrowed by', ({ can }) => words(can.lists?.filters ?? [])],
      ['lists are sorted by', ({ can }) => words(can.lists?.orders ?? [])],
      ['a write takes at most', ({ can }) => span(can.callTimeoutMs)],
    ]),
    '## Comments\n',
    table(all, Object.values(COMMENTS).map(([what, cell]) => [what, ({ can }) => cell(can.comments)])),
    '## Files\n',
    table(all, Object.values(FILES).map(([what, cell]) => [what, ({ can }) => cell(can.files)])),
    '## Exactly once\n',
    'Which writes carry a key that the desk itself honours, which a mark that is looked up before anything is sent again, and what remains if both fail.\n',
    ...all.map(({ connector: { about } }) => `- **${about.title}** (\`${about.service}\`): ${about.once}`),
    '',
    ...all.map((described) => serviceSection(described, titles)),
  ].join('\n');
}

const HEAD = `# What each connector can do

<!-- Made by \`npm run docs\` from the connectors' own data and from test/hard-cases/. Do not edit. -->

Deskmesh asks the same data before it plans a write. Much depends on an account's settings; the tables are of the sample accounts that stand under each
desk below. How each is set up, what is mirrored how, and what is uncertain: the pages in \`src/connectors/<service>/\`.
`;

function fieldCell(can: Capabilities, field: TicketFieldName): string {
  const writable = can.fields[field] ?? 'never';
  const parts = [...(can.reads.includes(field) ? ['read'] : []), ...(writable === 'never' ? [] : [writable])];
  return parts.length === 0 ? '–' : parts.join(', ');
}

function table(all: readonly Described[], rows: readonly Row<Described>[]): string {
  const titles = all.map(({ connector }) => `\`${connector.about.service}\``);
  const lines = [['', ...titles], ['---', ...titles.map(() => '---')], ...rows.map(([what, cell]) => [what, ...all.map(cell)])];
  return `${lines.map((cells) => `| ${cells.map(escaped).join(' | ')} |`).join('\n')}\n`;
}

type Titles = ReturnType<typeof titlesOfTests>;

function serviceSection(described: Described, titles: Titles): string {
  const { about } = described.connector;
  const cases = hardCasesOf(about.service);
  const proven = cases?.filter(({ test }) => test !== undefined).length ?? 0;
  return [
    `## ${about.title}\n`,
    `[Its page](../src/connectors/${about.service}/README.md). The tables are of this account:\n`,
    '```json',
    JSON.stringify({ service: about.service, ...about.sample }),
    '```\n',
    `It cannot: ${cannots(described.can).join('; ')}.\n`,
    ...(cases === null ? ['Its hard cases are not listed yet.\n'] : [`Hard cases of the vendor: ${proven} are proven by a test, ${cases.length - proven} have an answer instead.\n`, caseTable(about.service, cases, titles)]),
  ].join('\n');
}

/** What people would expect of a help desk, and this one does not do: the other side of the tables. */
function cannots(can: Capabilities): readonly string[] {
  const fields = (Object.keys(FIELDS) as TicketFieldName[]).filter((field) => (can.fields[field] ?? 'never') === 'never');
  const { comments, files, tickets } = can;
  const missing: readonly (readonly [boolean, string])[] = [
    [fields.length > 0, `write ${fields.map((field) => `\`${field}\``).join(', ')}`],
    [!comments.list, 'read comments'],
    [!comments.create, 'write comments'],
    [comments.create && !comments.private, 'hold private comments, so it gets none'],
    [comments.create && !comments.edit, 'change a comment’s text: a copy keeps its first one'],
    [comments.create && !comments.delete, 'delete comments'],
    [comments.create && !comments.makePrivate && !comments.delete, 'hide a comment that became private elsewhere: it is noted'],
    [!files.read, 'hand out files'],
    [!files.ticket && !files.comment, 'take files'],
    [(files.ticket || files.comment) && !files.inline, 'show images inside a text: their names stand there'],
    [!tickets.restore, 'bring a deleted ticket back: it is made anew'],
    [tickets.idempotentCreateMs === 0, 'honour a key of ours at a create: it is looked for before it is sent again'],
    [!tickets.changesTellDeletes, 'list deletions: without a webhook they are found by the rotating look'],
    [[...(can.lists?.filters ?? []), ...(can.lists?.orders ?? [])].length === 0, 'narrow or sort lists'],
  ];
  const told = missing.flatMap(([is, what]) => (is ? [what] : []));
  return told.length === 0 ? ['nothing of what the tables name'] : told;
}

function caseTable(service: string, cases: readonly HardCase[], titles: Titles): string {
  const proof = (title: string): string => {
    const files = filesFor(service, titles.get(title) ?? [], Object.keys(connectors));
    return `test: *${title}* (${files.map((path) => `\`${path}\``).join(', ')})`;
  };
  const rows = cases.map(({ number, case: what, test, answer }) => [number, what, test === undefined ? (answer ?? '') : proof(test)]);
  return `${[['No.', 'case', 'proof or answer'], ['---', '---', '---'], ...rows].map((cells) => `| ${cells.map(escaped).join(' | ')} |`).join('\n')}\n`;
}

function words(list: readonly string[]): string {
  return list.length === 0 ? '–' : list.map((word) => `\`${word}\``).join(', ');
}

function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|').replace(/\s*\n\s*/g, ' ').replaceAll('<', '&lt;');
}
