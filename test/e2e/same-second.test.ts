/** Two agents who edit the same ticket on two desks within the same second, with Deskmesh running: every replica ends alike, and the losing value is explained. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { differences, untilAlike } from '../support/alike.ts';
import { jsonLines } from '../support/commands.ts';
import type { Running } from '../support/running.ts';
import { startTrio, type Trio } from '../support/trio.ts';
import { until } from '../support/until.ts';

let trio: Trio;
let serve: Running;

beforeAll(async () => {
  trio = await startTrio();
  await trio.mesh();
  serve = await trio.serve({ LOG_LEVEL: 'error' });
});
afterAll(() => trio.close());

test('every replica ends alike, and the value that lost is in explain', async () => {
  const id = await trio.human('zendesk').create('Before');
  await untilAlike(trio, [{ subject: 'Before', comments: [] }], 60_000);
  const there = trio.tickets('freshdesk').find(({ subject }) => subject === 'Before')?.id ?? '';
  await Promise.all([trio.human('zendesk').update(id, { subject: 'From zendesk' }), trio.human('freshdesk').update(there, { subject: 'From freshdesk' })]);

  const alike = (subject: string): boolean => differences(trio, [{ subject, comments: [] }]).length === 0;
  const won = await until(() => ['From zendesk', 'From freshdesk'].find(alike), { what: 'all three desks say the same' });
  const lost = won === 'From zendesk' ? 'From freshdesk' : 'From zendesk';
  const told = await until(
    async () => {
      const { lines } = await jsonLines(trio, ['explain', `zendesk:${id}`]);
      const conflicts = lines.filter(({ note, field }) => note === 'conflict' && field === 'subject');
      return conflicts.length > 0 && conflicts;
    },
    { what: 'the conflict is explained', everyMs: 300 },
  );
  expect(told).toMatchObject([{ values: { won, lost } }]);
  // Nothing of it comes back later.
  expect(alike(won)).toBe(true);
  expect(serve.stderr()).toBe('');
});
