/** Nobody listened for a while: no webhook came through, and Deskmesh was down. The first sweep covers the whole gap, page after page. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { untilAlike, type Expected } from '../support/alike.ts';
import { NAMES, startTrio, type Name, type Trio } from '../support/trio.ts';

/** More than fit on one page of Freshdesk's list of changes, which is a hundred. */
const NEW: Readonly<Record<Name, number>> = { zendesk: 5, freshdesk: 104, helpdesk: 5 };

let trio: Trio;

beforeAll(async () => {
  trio = await startTrio();
  await trio.mesh();
});
afterAll(() => trio?.close());

const idOn = (name: Name, subject: string): string => trio.tickets(name).find((ticket) => ticket.subject === subject)?.id ?? '';

test('what happened while nobody listened is there after one sweep: new tickets, changes, comments and deletions', async () => {
  const first = await trio.serve({ LOG_LEVEL: 'error' });
  for (const name of NAMES) for (const what of ['kept', 'deleted']) await trio.human(name).create(`${what} of ${name}`);
  await untilAlike(trio, NAMES.flatMap((name) => ['kept', 'deleted'].map((what) => ({ subject: `${what} of ${name}`, comments: [] }))), 60_000);
  await first.stop();

  for (const name of NAMES) trio.fault(name, { kind: 'drop', rate: 1 });
  const wanted: Expected[] = [];
  for (const name of NAMES) {
    for (let at = 0; at < NEW[name]; at += 1) {
      await trio.human(name).create(`${name} ${at}`);
      wanted.push({ subject: `${name} ${at}`, comments: [] });
    }
    await trio.human(name).update(idOn(name, `kept of ${name}`), { priority: 'urgent' });
    await trio.human(name).comment(idOn(name, `kept of ${name}`), `meanwhile on ${name}`, 'private');
    wanted.push({ subject: `kept of ${name}`, priority: 'urgent', comments: [{ text: `meanwhile on ${name}`, public: false }] });
  }
  // Helpdesk deletes for good and lists no deletions: only the rotating look finds that.
  for (const name of ['zendesk', 'freshdesk'] as const) await trio.human(name).remove(idOn(name, `deleted of ${name}`));
  wanted.push({ subject: 'deleted of helpdesk', comments: [] });

  // One sweep as it starts, and no other within the test.
  const second = await trio.serve({ LOG_LEVEL: 'error', SWEEP_SECONDS: '3600' });
  await untilAlike(trio, wanted, 150_000);
  expect(second.stderr()).toBe('');
}, 300_000);
