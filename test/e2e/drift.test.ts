/** `deskmesh drift`: says of a mesh in order that it is, finds what lost webhooks and silent deletions left behind, and has the loop repair it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { untilAlike, type Expected } from '../support/alike.ts';
import { jsonLines, prose, type Line } from '../support/commands.ts';
import type { Running } from '../support/running.ts';
import { control, NAMES, startTrio, type Name, type Trio } from '../support/trio.ts';

let trio: Trio;
let serve: Running;

const QUIET = { LOG_LEVEL: 'error', SWEEP_SECONDS: '3600' };
const expected: Expected[] = [];

beforeAll(async () => {
  trio = await startTrio();
  const settings = { find_lag_seconds: 1, list_lag_seconds: 1 };
  await trio.mesh({ settings: { freshdesk: settings, helpdesk: settings, zendesk: settings } });
  serve = await trio.serve(QUIET);
  for (const [n, name] of [...NAMES, ...NAMES].entries()) {
    const subject = `Ticket ${n} of ${name}`;
    const id = await trio.human(name).create(subject);
    await trio.human(name).comment(id, `First word on ${n}`, 'public');
    await trio.human(name).comment(id, `Aside on ${n}`, 'private');
    expected.push({ subject, comments: [{ text: `First word on ${n}`, public: true }, { text: `Aside on ${n}`, public: false }] });
  }
  await untilAlike(trio, expected, 60_000);
});
afterAll(() => trio.close());

const idOn = (name: Name, subject: string): string => trio.tickets(name).find((ticket) => ticket.subject === subject)?.id ?? '';
const summaryOf = (lines: readonly Line[]): Line => (lines.at(-1)?.['drift'] ?? {}) as Line;
const findingsOf = (lines: readonly Line[]): readonly Line[] => lines.flatMap((line) => (line['finding'] === undefined ? [] : [line['finding'] as Line]));
const writes = (): number => NAMES.reduce((sum, name) => sum + trio.counts(name).write_count, 0);

test('a mesh in order has no drift, and reading it changes nothing', async () => {
  const before = writes();
  const { code, lines, stderr } = await jsonLines(trio, ['drift']);
  expect(lines).toEqual([{ drift: { mirrored: 12, missing: 0, extra: 0, differing: 0, oldest_unmirrored: null, older: 0, left: 0, unread: 0 } }]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(await prose(trio, ['drift', '--mirror', 'all'])).toBe('mirrored 12, missing 0, extra 0, differing 0');
  expect(writes()).toBe(before);
  expect(await jsonLines(trio, ['drift', '--mirror', 'none'])).toMatchObject({ code: 1, stderr: expect.stringMatching(/no mirror none: known are all/) });
});

test('what lost webhooks left behind is told with both values, and repaired by the loop', async () => {
  // What comes while nobody listens is lost for good.
  for (const name of ['helpdesk', 'freshdesk'] as const) await control(trio.desk(name), 'settings', { webhook_retry_ms: [] });
  await serve.stop();
  const [changed, gone, said] = ['Ticket 0 of helpdesk', 'Ticket 1 of zendesk', 'Ticket 2 of freshdesk'] as const;
  await trio.human('freshdesk').update(idOn('freshdesk', changed), { priority: 'urgent' });
  await trio.human('zendesk').remove(idOn('zendesk', gone));
  await trio.human('helpdesk').comment(idOn('helpdesk', said), 'Nobody heard this', 'private');
  await trio.human('freshdesk').create('Never told');
  const before = writes();

  const { code, lines } = await jsonLines(trio, ['drift']);
  expect(code).toBe(2);
  expect(writes()).toBe(before);
  expect(summaryOf(lines)).toMatchObject({ missing: 3, extra: 0, differing: 1, unread: 0, oldest_unmirrored: expect.stringMatching(/^20/) });
  const findings = findingsOf(lines);
  expect(findings).toContainEqual(expect.objectContaining({
    kind: 'differing', what: 'ticket', account: 'freshdesk', ticket_id: idOn('freshdesk', changed),
    differences: [expect.objectContaining({ field: 'priority', desk: 'urgent' })],
  }));
  expect(findings).toContainEqual(expect.objectContaining({ kind: 'missing', what: 'ticket', account: 'zendesk' }));
  expect(findings).toContainEqual(expect.objectContaining({ kind: 'missing', what: 'comment', account: 'helpdesk' }));
  expect(findings).toContainEqual(expect.objectContaining({ kind: 'missing', what: 'ticket', account: 'freshdesk', ticket_id: idOn('freshdesk', 'Never told'), link_id: null }));
  expect((await jsonLines(trio, ['drift'])).lines.length).toBe(lines.length);

  serve = await trio.serve(QUIET);
  const repaired = await jsonLines(trio, ['drift', '--repair']);
  expect(repaired.stderr).toBe('');
  expect(repaired).toMatchObject({ code: 0, lines: [{ drift: { missing: 0, extra: 0, differing: 0, unread: 0, mirrored: 12 } }] });
  const now = expected.filter(({ subject }) => subject !== gone).map((one) => ({
    ...one,
    ...(one.subject === changed && { priority: 'urgent' }),
    ...(one.subject === said && { comments: [...one.comments, { text: 'Nobody heard this', public: false }] }),
  }));
  await untilAlike(trio, [...now, { subject: 'Never told', comments: [] }], 60_000);
});

test('a desk that cannot be read is said to be unread, and is no drift', async () => {
  trio.fault('freshdesk', { kind: 'status', status: 403, method: 'GET', path: '/api/v2/tickets' });
  const { code, lines } = await jsonLines(trio, ['drift']);
  trio.fault('freshdesk', { kind: 'none' });
  expect(code).toBe(1);
  expect(lines.some(({ unread }) => (unread as Line | undefined)?.['account'] === 'freshdesk')).toBe(true);
  expect(summaryOf(lines)).toMatchObject({ missing: 0, extra: 0, differing: 0 });
});

test('a repair that nobody takes up says so', async () => {
  await serve.stop();
  await trio.human('helpdesk').update(idOn('helpdesk', 'Ticket 3 of helpdesk'), { status: 'pending' });
  const { code, stdout } = await (async () => {
    const running = trio.command(['drift', '--repair']);
    const ended = await running.ended;
    return { ...ended, stdout: running.lines.join('\n') };
  })();
  expect(code).toBe(2);
  expect(stdout).toMatch(/Nobody is working: start deskmesh serve/);
});
