/** A create with an Idempotency-Key, cut off at every point where a process can die, and repeated until it has its answer. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connectors } from '../../../src/connectors/index.ts';
import type { CommentDraft, TicketFields } from '../../../src/core/model.ts';
import { createOnceRunner } from '../../../src/engine/once.ts';
import { createCommentOnce, createTicketOnce, Unsure } from '../../../src/engine/writes.ts';
import { AppError } from '../../../src/errors.ts';
import type { KeptAnswer, OnceStore } from '../../../src/ports/api.ts';
import { DeskFailure, type Desk } from '../../../src/ports/connector.ts';
import { startSandbox, type SandboxDesk } from '../../../src/sandbox/index.ts';
import { connectDatabase, type Database } from '../../../src/store/database.ts';
import { createOnce } from '../../../src/store/once.ts';
import { createSecretBox } from '../../../src/store/secret-box.ts';
import { accountOf } from '../connectors/world.ts';
import { SITE_SETTINGS } from '../../support/api-site.ts';
import { createTestDatabase, silentLog, type TestDatabase } from '../../support/database.ts';
import { shiftingWorld, type ShiftingWorld } from '../../support/shifting-world.ts';

/** The process is gone: nothing after this is done by it. */
class Killed extends Error {}

/** Lets so many effects through, each of which has a moment before and one after it, and dies at the next. */
interface Fuse {
  left: number;
  dead: boolean;
}

function step(fuse: Fuse): void {
  if (fuse.dead) throw new Killed();
  if (fuse.left === 0) {
    fuse.dead = true;
    throw new Killed();
  }
  fuse.left -= 1;
}

function fused<T extends object>(subject: T, fuse: Fuse, names: readonly (keyof T)[]): T {
  const copy = { ...subject };
  for (const name of names) {
    const method = subject[name];
    if (typeof method !== 'function') continue;
    copy[name] = (async (...args: unknown[]): Promise<unknown> => {
      step(fuse);
      const result: unknown = await Reflect.apply(method, subject, args);
      step(fuse);
      return result;
    }) as T[keyof T];
  }
  return copy;
}

let fresh: TestDatabase;
let database: Database;
let sandbox: readonly SandboxDesk[];
beforeAll(async () => {
  fresh = await createTestDatabase();
  database = connectDatabase(fresh.url, silentLog);
  sandbox = await startSandbox({ only: Object.keys(connectors) });
});
afterAll(async () => {
  await database.close();
  await fresh.drop();
  await Promise.all(sandbox.map((desk) => desk.close()));
});

const box = createSecretBox('a key that only tests are sealed with');
const STORE: readonly (keyof OnceStore)[] = ['begin', 'intend', 'finish', 'release', 'renew'];
const DESK: readonly (keyof Desk)[] = ['createTicket', 'createComment', 'find', 'listComments', 'getTicket'];

interface Rig {
  readonly desk: Desk;
  readonly world: ShiftingWorld;
  readonly store: OnceStore;
}

type Work = (desk: Desk, once: Parameters<typeof createTicketOnce>[0]['once'], world: ShiftingWorld) => Promise<KeptAnswer>;

/** One call by a process that dies when its fuse has burnt down; what the caller gets to see, if anything. */
async function call({ desk, world, store }: Rig, key: string, fuse: Fuse, work: Work): Promise<(KeptAnswer & { replayed: boolean }) | 'killed' | 'later'> {
  const runner = createOnceRunner({ store: fused(store, fuse, STORE), world });
  const mortal = fused(desk, fuse, DESK);
  try {
    return await runner.run({ caller: 'tests', key, digest: 'the same' }, (once) => work(mortal, once, world), () => null, 'a request');
  } catch (error) {
    if (error instanceof Killed) return 'killed';
    if (fuse.dead) return 'killed';
    if (error instanceof Unsure || error instanceof DeskFailure || (error instanceof AppError && error.code === 'conflict')) return 'later';
    throw error;
  }
}

/** Repeats a request as a patient caller does, by processes that live. */
async function persist(rig: Rig, key: string, work: Work): Promise<KeptAnswer & { replayed: boolean }> {
  for (let tries = 0; tries < 20; tries += 1) {
    await rig.store.liftLeases();
    const answer = await call(rig, key, { left: Infinity, dead: false }, work);
    if (typeof answer !== 'string') return answer;
    rig.world.pass(10_000);
  }
  throw new Error('no answer in twenty tries');
}

/** Every point at which the first call, and every point at which the second one can die. */
async function everyCut(prepare: () => Promise<Rig>, work: (n: number) => Work, countOf: (rig: Rig, n: number) => Promise<number>): Promise<number> {
  const rig = await prepare();
  let n = 0;
  for (let first = 0; ; first += 1) {
    let deaths = 0;
    for (const second of [null, 0, 1, 2, 3, 4, 5, 6, 7]) {
      n += 1;
      const key = `cut-${n}-${rig.desk.can.callTimeoutMs}-${Math.random()}`;
      const task = work(n);
      const outcome = await call(rig, key, { left: first, dead: false }, task);
      if (outcome === 'killed') deaths += 1;
      if (second !== null) {
        await rig.store.liftLeases();
        rig.world.pass(120_000);
        await call(rig, key, { left: second, dead: false }, task);
      }
      const answer = await persist(rig, key, task);
      expect(await countOf(rig, n)).toBe(1);
      const again = await persist(rig, key, task);
      expect([again.replayed, again.status, again.body]).toEqual([true, answer.status, answer.body]);
    }
    if (deaths === 0) return first;
  }
}

const rigOf = (service: string) => async (): Promise<Rig> => {
  const found = sandbox.find((one) => one.service === service);
  const connector = connectors[service];
  if (found === undefined || connector === undefined) throw new Error(service);
  found.reset();
  const world = shiftingWorld(() => [found]);
  const desk = connector.connect(accountOf({ connector, url: found.url, settings: SITE_SETTINGS[service] ?? {} }, found.credentials), world);
  await desk.learn?.();
  return { desk, world, store: createOnce(database, box, world) };
};

const FIELDS: TicketFields = { description: '<p>Words</p>', status: 'open', requester: { user_id: null, email: 'test@test.com', name: 'Test' } };

async function all<T>(page: (at: string | null) => Promise<{ readonly items: readonly T[]; readonly next: string | null }>): Promise<readonly T[]> {
  const items: T[] = [];
  for (let at: string | null = null; ; ) {
    const { items: more, next }: { readonly items: readonly T[]; readonly next: string | null } = await page(at);
    items.push(...more);
    if (next === null) return items;
    at = next;
  }
}

describe.each(Object.keys(connectors))('%s: a request that is cut off at any point and repeated', (service) => {
  test('makes one ticket and gives one answer', async () => {
    const cuts = await everyCut(
      rigOf(service),
      (n) => async (desk, once, world) => {
        const { id } = await createTicketOnce({ desk, once, world }, { ...FIELDS, subject: `ticket number ${n}.` });
        return { status: 201, body: { id } };
      },
      async ({ desk }, n) => (await all((page) => desk.listTickets(page))).filter(({ subject }) => subject === `ticket number ${n}.`).length,
    );
    // begin, intend, the call, finish: each before and after.
    expect(cuts).toBeGreaterThanOrEqual(8);
  });

  test('makes one comment and gives one answer', async () => {
    const prepare = rigOf(service);
    let ticket = '';
    const cuts = await everyCut(
      async () => {
        const rig = await prepare();
        ticket = (await rig.desk.createTicket({ ...FIELDS, subject: 'with comments' }, 'dm-aaaaaaaaaaaaaaaa')).id;
        return rig;
      },
      (n) => async (desk, once, world) => {
        const draft: CommentDraft = { content: `<p>comment number ${n}.</p>`, public: true };
        const { comment } = await createCommentOnce({ desk, once, world }, ticket, draft, []);
        return { status: 201, body: { id: comment.id } };
      },
      async ({ desk }, n) => (await all((page) => desk.listComments(ticket, page))).filter(({ content }) => content.includes(`comment number ${n}.`)).length,
    );
    expect(cuts).toBeGreaterThanOrEqual(8);
  });
});
