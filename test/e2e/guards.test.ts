/** What is more likely a mistake than a wish stops and asks: a change of the mirrors that touches many tickets, and a flood of deletions. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import { untilAlike, untilSwept } from '../support/alike.ts';
import { jsonLines, prose, type Line } from '../support/commands.ts';
import { startTrio, type Trio } from '../support/trio.ts';
import { until } from '../support/until.ts';

/** More than fifty are many. */
const MANY = 52;
const subjects = Array.from({ length: MANY }, (_, at) => `Old ${at}`);
const both = ['zendesk', 'freshdesk'] as const;

let trio: Trio;
let path: string;

beforeAll(async () => {
  trio = await startTrio();
  path = await trio.mesh();
  await comments('none');
  await trio.serve({ LOG_LEVEL: 'error', RULES_PERCENT: '50', DELETIONS_COUNT: '3', DELETIONS_PERCENT: '5' });
  for (const subject of subjects) {
    const id = await trio.human('zendesk').create(subject);
    await trio.human('zendesk').comment(id, `said of ${subject}.`, 'public');
  }
  await untilAlike(trio, subjects.map((subject) => ({ subject, comments: [] })), 40_000, ['freshdesk']);
});
afterAll(() => trio.close());

async function comments(which: string): Promise<void> {
  const mesh = JSON.parse(await readFile(path, 'utf8')) as { mirrors: Line[] };
  for (const mirror of mesh.mirrors) Object.assign(mirror, { accounts: both, comments: which });
  await writeFile(path, JSON.stringify(mesh));
}

const texts = (): readonly string[] => trio.tickets('freshdesk').flatMap((ticket) => ticket.comments.map(({ text }) => text));

test('what only the new rules bring waits until it is released, and what people do meanwhile is carried', async () => {
  await comments('all');
  const because = `the rules changed for ${MANY} of its ${MANY} tickets`;
  const planned = await jsonLines(trio, ['plan', '--config', path], { RULES_PERCENT: '50' });
  expect(planned.lines.filter(({ held }) => held !== undefined)).toEqual(both.map((account) => ({ held: { account, because } })));
  expect(planned.lines.filter(({ steps }) => steps !== undefined)).toEqual([{ steps: { account: 'freshdesk', kind: 'comment.create', due: MANY, dropped: 0 } }]);
  const applied = await jsonLines(trio, ['apply', '--config', path], { RULES_PERCENT: '50' });
  expect(applied.lines.filter(({ held }) => held !== undefined)).toEqual(both.map((account) => ({ held: { account, because } })));

  // Each sweep looks at 25 tickets in turn: after these all of them were looked at.
  await untilSwept(trio, 4, 60_000);
  expect(texts()).toEqual([]);

  const id = trio.tickets('zendesk').find(({ subject }) => subject === 'Old 3')!.id;
  expect(await prose(trio, ['explain', `zendesk:${id}`])).toMatch(/much waits for a person on this account: the rules changed for 52/);
  await trio.human('zendesk').comment(id, 'news of this one', 'public');
  const told = { subject: 'Old 3', comments: [{ text: 'said of Old 3.', public: true }, { text: 'news of this one', public: true }] };
  await untilAlike(trio, subjects.map((subject) => (subject === told.subject ? told : { subject, comments: [] })), 20_000, ['freshdesk']);

  expect((await jsonLines(trio, ['release', '--kind', 'rules'])).lines).toMatchObject(both.map((account) => ({ released: { kind: 'rules', account, reason: because, outcome: 'free' } })));
  await untilAlike(trio, subjects.map((subject) => (subject === told.subject ? told : { subject, comments: [{ text: `said of ${subject}.`, public: true }] })), 60_000, both);
}, 300_000);

test('a flood of deletions stops until it is released; what else people do goes on, and then all of it is done', async () => {
  const gone = subjects.slice(10, 20);
  for (const subject of gone) await trio.human('zendesk').remove(trio.tickets('zendesk').find((ticket) => ticket.subject === subject)!.id);
  const held = await until(async () => (await jsonLines(trio, ['release'])).lines.find(({ parked }) => (parked as Line | undefined)?.['kind'] === 'deletions'), { what: 'the deletions are held', everyMs: 500 });
  expect(held).toMatchObject({ parked: { account: 'zendesk', reason: expect.stringMatching(/^\d+ deletions within 60 minutes, of some \d+ tickets$/) } });
  await untilSwept(trio, 2, 60_000);
  // The first three were few enough to be believed.
  const left = (): readonly string[] => trio.tickets('freshdesk').flatMap(({ subject }) => (gone.includes(subject) ? [subject] : []));
  expect(left().length).toBeGreaterThanOrEqual(gone.length - 3);
  const [kept = ''] = left();
  expect(await prose(trio, ['explain', `freshdesk:${trio.tickets('freshdesk').find(({ subject }) => subject === kept)!.id}`])).toMatch(/parked: ticket\.delete \(deletion\) was refused: gone on its desk, which waits for a person/);

  const other = trio.tickets('zendesk').find(({ subject }) => subject === 'Old 30')!.id;
  await trio.human('zendesk').update(other, { priority: 'urgent' });
  await until(() => trio.tickets('freshdesk').find(({ subject }) => subject === 'Old 30')?.priority === 'urgent', { what: 'a change of another ticket' });

  expect(await jsonLines(trio, ['release', '--kind', 'deletions'])).toMatchObject({ code: 0, lines: [{ released: { kind: 'deletions', account: 'zendesk', outcome: 'free' } }] });
  await until(() => left().length === 0, { what: () => `${left().length} are still there` });
  expect(trio.tickets('freshdesk')).toHaveLength(MANY - gone.length);
}, 300_000);
