/** The commands beside a running system on the bundled database: what happened is explained, what is parked is freed, what came in is sent through again. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { differences, untilAlike } from '../support/alike.ts';
import { jsonLines, prose, type Line, type Said } from '../support/commands.ts';
import type { Running } from '../support/running.ts';
import { startTrio, type Trio } from '../support/trio.ts';
import { until } from '../support/until.ts';

let trio: Trio;
let serve: Running;

beforeAll(async () => {
  trio = await startTrio();
  await trio.mesh({ names: ['zendesk', 'freshdesk'] });
  serve = await trio.serve({ LOG_LEVEL: 'error' });
});
afterAll(() => trio.close());

const lines = (...args: string[]): Promise<Said> => jsonLines(trio, args);
const text = (...args: string[]): Promise<string> => prose(trio, args);

const both = ['zendesk', 'freshdesk'] as const;
const idOn = (name: (typeof both)[number], subject: string): string => trio.tickets(name).find((ticket) => ticket.subject === subject)?.id ?? '';

test('explain tells a ticket from its first webhook to the echo of the last write, from either side alike', async () => {
  const id = await trio.human('zendesk').create('Explained');
  /** What is told once so many writes have come back as echoes: each before the next thing is done, so that no look shows two of them. */
  const echoed = (writes: number): Promise<readonly Line[]> =>
    until(
      async () => {
        const { lines: all } = await lines('explain', `zendesk:${id}`);
        return all.filter(({ what, found }) => what === 'look' && found === 'nothing new').length >= writes && all;
      },
      { what: `the echoes of ${writes} writes`, everyMs: 200 },
    );
  await untilAlike(trio, [{ subject: 'Explained', comments: [] }], 15_000, both);
  await echoed(1);
  await trio.human('freshdesk').update(idOn('freshdesk', 'Explained'), { status: 'pending' });
  await untilAlike(trio, [{ subject: 'Explained', status: 'pending', comments: [] }], 15_000, both);
  await echoed(2);
  await trio.human('zendesk').comment(id, 'Between us', 'private');
  await untilAlike(trio, [{ subject: 'Explained', status: 'pending', comments: [{ text: 'Between us', public: false }] }], 15_000, both);
  const told = await echoed(3);
  const [head, ...entries] = told as readonly [Line, ...Line[]];
  const link = head['link'] as { readonly id: string; readonly origin: string; readonly alive: boolean };
  expect(link).toMatchObject({ origin: 'zendesk', alive: true, accounts: ['zendesk', 'freshdesk'] });
  const find = (what: string, more: Line): readonly Line[] => entries.filter((entry) => entry['what'] === what && Object.entries(more).every(([name, value]) => entry[name] === value));
  expect(find('receipt', { event: 'ticket.created', account: 'zendesk' })).toHaveLength(1);
  expect(find('began', {})).toMatchObject([{ account: 'zendesk', values: { subject: 'Explained', status: 'open' } }]);
  expect(find('attempt', { step: 'ticket.create' })).toMatchObject([{ account: 'freshdesk', outcome: 'done', try: 1, wrote: { fields: { subject: 'Explained' } }, answer: { id: idOn('freshdesk', 'Explained') } }]);
  expect(find('note', { note: 'changed', account: 'freshdesk' })).toMatchObject([{ values: { status: { was: 'open', is: 'pending' } } }]);
  expect(find('note', { note: 'comment written', account: 'zendesk' })).toMatchObject([{ values: { public: false } }]);
  const [update] = find('attempt', { step: 'ticket.update', account: 'zendesk' });
  expect(update).toMatchObject({ outcome: 'done', wrote: { fields: { status: 'pending' } } });
  expect(find('look', { echo_of: update?.['attempt'] }).length).toBeGreaterThan(0);
  const times = entries.map(({ at }) => String(at));
  expect(times).toEqual([...times].sort());

  const replica = (head['replicas'] as readonly { readonly id: string; readonly account: string }[]).find(({ account }) => account === 'freshdesk');
  const there = idOn('freshdesk', 'Explained');
  const addresses = [`${trio.desk('zendesk').url}/agent/tickets/${id}`, `${trio.desk('freshdesk').url}/a/tickets/${there}?current_tab=details`, `http://127.0.0.1:${trio.port}/v1/links/${link.id}`];
  for (const name of [link.id, replica?.id ?? '', `freshdesk:${there}`, there, ...addresses]) {
    const again = await lines('explain', name);
    expect((again.lines[0]?.['link'] as Line)['id']).toBe(link.id);
    expect(again.lines.length).toBeGreaterThanOrEqual(told.length);
  }
  const prose = await text('explain', link.id);
  expect(prose).toMatch(/begun on zendesk/);
  expect(prose).toMatch(/changed: it was changed on this desk\n.*status “open” → “pending”/);
  expect(prose).toMatch(/ticket\.create, try 1 → done, as \d+/);
  expect(prose).toMatch(/the echo of our own write \d+/);
});

test('what nobody knows is said in a sentence, with a code that a script can test', async () => {
  expect(await lines('explain', 'zendesk:4711')).toMatchObject({ code: 1, lines: [], stderr: expect.stringMatching(/zendesk:4711: this ticket is not known/) });
  expect(await lines('explain', 'zendisk:4711')).toMatchObject({ code: 1, stderr: expect.stringMatching(/there is no account zendisk/) });
  expect(await lines('replay', '999999')).toMatchObject({ code: 1, lines: [{ replayed: { receipt: '999999', problem: expect.stringMatching(/no such receipt/) } }] });
  expect(await lines('release', 'freshdesk:nope')).toMatchObject({ code: 1, lines: [{ missed: { name: 'freshdesk:nope' } }] });
  expect(await lines('release', '--account', 'nobody')).toMatchObject({ code: 1, stderr: expect.stringMatching(/no account nobody/) });
});

test('a step that was refused twice is listed, explained and freed, and then it is done', async () => {
  const ticket = idOn('freshdesk', 'Explained');
  trio.fault('freshdesk', { method: 'PUT', path: `/api/v2/tickets/${ticket}`, kind: 'status', status: 400 });
  await trio.human('zendesk').update(idOn('zendesk', 'Explained'), { priority: 'urgent' });
  const parked = await until(async () => (await lines('release')).lines[0]?.['parked'], { what: 'the refused step is parked', everyMs: 200 });
  expect(parked).toMatchObject({ kind: 'ticket.update', account: 'freshdesk', ticket_id: ticket, name: 'field:priority' });
  expect(await text('explain', `freshdesk:${ticket}`)).toMatch(/parked: ticket\.update \(field:priority\) was refused/);
  expect((await lines('release', '--kind', 'ticket.create')).lines).toEqual([]);

  trio.fault('freshdesk', { kind: 'none' });
  const released = await lines('release', `freshdesk:${ticket}`);
  expect(released).toMatchObject({ code: 0, lines: [{ released: { kind: 'ticket.update', name: 'field:priority', outcome: 'free' } }] });
  await untilAlike(trio, [{ subject: 'Explained', priority: 'urgent', comments: [{ text: 'Between us', public: false }] }], 15_000, both);
  expect(await text('release')).toBe('nothing waits for a person');
});

test('a webhook that could not be read is listed, stays parked as long as nobody understands it, and can be looked into without a trace', async () => {
  const hook = serve.accounts().find(({ name }) => name === 'freshdesk')?.hook_url ?? '';
  const response = await fetch(hook, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"freshdesk_webhook":{"ticket_id":{"odd":true}}}' });
  expect([202, 422]).toContain(response.status);
  const [line] = (await lines('release')).lines;
  const { receipt_id: receipt } = line?.['parked'] as { readonly receipt_id: string };
  expect(line).toMatchObject({ parked: { kind: 'receipt', account: 'freshdesk' } });
  expect(await lines('replay', '--dry-run', receipt)).toMatchObject({ code: 0, lines: [{ rehearsed: { receipt, before: 'parked', now: { state: 'parked' }, would: null } }] });
  expect(await lines('release', receipt)).toMatchObject({ code: 1, lines: [{ released: { receipt_id: receipt, outcome: 'again' } }] });
  expect((await lines('release')).lines).toHaveLength(1);
});

test('a rehearsal shows what a lost webhook would have brought and what would be written, and writes nothing; the replay does it', async () => {
  const subject = 'Explained';
  const ticket = idOn('freshdesk', subject);
  const [head, ...entries] = (await lines('explain', `freshdesk:${ticket}`)).lines;
  const receipt = String(entries.find(({ what, account }) => what === 'receipt' && account === 'freshdesk')?.['receipt']);
  await serve.stop();
  await trio.human('freshdesk').update(ticket, { subject: 'Explained anew' });
  const writes = both.map((name) => trio.counts(name).write_count);

  const { code, lines: told } = await lines('replay', '--dry-run', receipt);
  expect(code).toBe(0);
  expect(told).toMatchObject([
    {
      rehearsed: {
        receipt, before: 'settled', now: { state: 'accepted', ticket_id: ticket },
        would: {
          seen: 'desk', link_id: (head?.['link'] as Line)['id'],
          notes: [{ what: 'changed', values: { subject: { was: subject, is: 'Explained anew' } } }],
          replicas: [{ account: 'zendesk', ticket_id: idOn('zendesk', subject), steps: [{ kind: 'ticket.update', fields: { subject: 'Explained anew' } }] }],
        },
      },
    },
  ]);
  expect(both.map((name) => trio.counts(name).write_count)).toEqual(writes);
  expect((await lines('explain', `freshdesk:${ticket}`)).lines.length).toBe(entries.length + 1);

  expect(await lines('replay', receipt)).toMatchObject({ code: 0, lines: [{ replayed: { receipt, now: { state: 'accepted' }, problem: null } }] });
  serve = await trio.serve({ LOG_LEVEL: 'error', SWEEP_SECONDS: '300' });
  await untilAlike(trio, [{ subject: 'Explained anew', comments: [{ text: 'Between us', public: false }] }], 15_000, both);
});

test('two people who change the same field at once: both desks end alike, and the value that lost is in the story', async () => {
  const ids = both.map((name) => idOn(name, 'Explained anew'));
  await serve.stop();
  await trio.human('zendesk').update(ids[0] ?? '', { subject: 'From zendesk' });
  await trio.human('freshdesk').update(ids[1] ?? '', { subject: 'From freshdesk' });
  serve = await trio.serve({ LOG_LEVEL: 'error' });
  const comments = [{ text: 'Between us', public: false }];
  const subject = await until(() => ['From zendesk', 'From freshdesk'].find((one) => differences(trio, [{ subject: one, comments }], both).length === 0), { what: 'both desks say the same' });
  const lost = subject === 'From zendesk' ? 'From freshdesk' : 'From zendesk';
  const { lines: told } = await lines('explain', `zendesk:${ids[0]}`);
  expect(told.filter(({ note }) => note === 'conflict')).toMatchObject([{ field: 'subject', values: { won: subject, lost } }]);
  expect(serve.stderr()).toBe('');
});
