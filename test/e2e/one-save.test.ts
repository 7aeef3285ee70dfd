/** One save of a person changes many things, and Zendesk rings once for each of them: the ticket is read once. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { untilAlike } from '../support/alike.ts';
import type { Running } from '../support/running.ts';
import { control, startTrio, type Name, type Trio } from '../support/trio.ts';
import { until } from '../support/until.ts';

const BOTH: readonly Name[] = ['zendesk', 'helpdesk'];
const TOKEN = 'a-token-of-the-api-that-only-these-tests-use';

let trio: Trio;
let serve: Running;
beforeAll(async () => {
  trio = await startTrio();
  await trio.mesh({ names: BOTH });
  // Without a sweep nothing but webhooks leads to looks here.
  serve = await trio.serve({ SWEEP_SECONDS: '3600', API_TOKEN: TOKEN });
});
afterAll(() => trio.close());

const looks = (): readonly number[] => ['GET /api/v2/tickets/:id', 'GET /api/v2/tickets/:id/comments'].map((call) => trio.counts('zendesk').requests[call] ?? 0);

/** The states of Zendesk's receipts, newest first, once every webhook has come in and led to what it leads to. */
async function settled(): Promise<readonly string[]> {
  const account = serve.accounts().find(({ name }) => name === 'zendesk')?.id;
  return until(
    async () => {
      if (BOTH.some((name) => trio.counts(name).deliveries.waiting > 0)) return null;
      const response = await fetch(`http://127.0.0.1:${trio.port}/v1/receipts?account_id=${account}&page_size=100`, { headers: { authorization: `APIKey ${TOKEN}` } });
      const { objects } = (await response.json()) as { objects: readonly { state: string }[] };
      const states = objects.map(({ state }) => state);
      return states.includes('accepted') ? null : states;
    },
    { what: 'that nothing is under way' },
  );
}

test('several events of one save are all kept and lead to one look, also when one of them comes late', async () => {
  // The sweep that follows the start comes first: what it found would be looked at as well.
  await until(() => (trio.counts('zendesk').requests['GET /api/v2/incremental/tickets/cursor'] ?? 0) > 0, { what: 'the first sweep' });
  const id = await trio.human('zendesk').create('Saved');
  await untilAlike(trio, [{ subject: 'Saved', comments: [] }], 20_000, BOTH);
  const changes = [
    { subject: 'Saved once', status: 'pending', priority: 'urgent' },
    { subject: 'Saved twice', status: 'open', priority: 'low' },
    { subject: 'Saved thrice', status: 'pending', priority: 'urgent' },
    { subject: 'Saved late', status: 'open', priority: 'low' },
  ] as const;
  for (const changed of changes) {
    const known = (await settled()).length;
    const before = looks();
    if (changed.subject === 'Saved late') await control(trio.desk('zendesk'), 'faults', { kind: 'delay', ms: 400, times: 1 });
    await trio.human('zendesk').update(id, changed);
    await untilAlike(trio, [{ ...changed, comments: [] }], 20_000, BOTH);
    const states = await settled();
    const came = states.slice(0, states.length - known);
    expect(came.length).toBeGreaterThanOrEqual(3);
    expect(came.filter((state) => state === 'settled')).toHaveLength(1);
    expect(came.filter((state) => state === 'ignored')).toHaveLength(came.length - 1);
    expect(looks().map((calls, call) => calls - (before[call] ?? 0))).toEqual([1, 1]);
  }
});
