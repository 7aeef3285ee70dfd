import { describe, expect, test } from '@jest/globals';
import { createSaves } from '../../src/engine/saves.ts';
import type { Accepted, NewReceipt } from '../../src/ports/intake.ts';

const receipt = (dedupe: string, more: Partial<NewReceipt> = {}): NewReceipt => ({
  account_id: 7, dedupe, headers: {}, raw_body: Buffer.from('{}'), state: 'accepted', reason: null, ticket_id: '1', event: 'ticket.updated', snapshot: null, ...more,
});

function stage() {
  const kept: NewReceipt[] = [];
  const clock = { now: 1_000_000 };
  const saves = createSaves(() => clock.now);
  const accept = (one: NewReceipt): Promise<Accepted> => Promise.resolve({ id: `r${kept.push(one)}`, repeated: false });
  return { kept, clock, saves, accept, states: () => kept.map(({ state }) => state) };
}

describe('webhooks of one save', () => {
  test('are all kept; the first leads to the look, and the others say which that was', async () => {
    const { saves, accept, kept, states } = stage();
    for (const dedupe of ['a', 'b', 'c']) await saves.keep(receipt(dedupe), 'save 1', accept);
    expect(states()).toEqual(['accepted', 'ignored', 'ignored']);
    expect(kept.slice(1).map(({ reason, ticket_id: id, dedupe }) => [reason, id, dedupe])).toEqual([
      ['It tells of the same save as receipt r1, which leads to the look.', '1', 'b'],
      ['It tells of the same save as receipt r1, which leads to the look.', '1', 'c'],
    ]);
  });

  test('are told from those of another save, ticket or account, and from such as belong to none', async () => {
    const { saves, accept, states } = stage();
    await saves.keep(receipt('a'), 'save 1', accept);
    await saves.keep(receipt('b'), 'save 2', accept);
    await saves.keep(receipt('c', { ticket_id: '2' }), 'save 1', accept);
    await saves.keep(receipt('d', { account_id: 8 }), 'save 1', accept);
    await saves.keep(receipt('e'), undefined, accept);
    await saves.keep(receipt('f', { state: 'parked', reason: 'x', ticket_id: null }), 'save 1', accept);
    expect(states()).toEqual(['accepted', 'accepted', 'accepted', 'accepted', 'accepted', 'parked']);
  });

  test('that arrive while the first is on its way to the disk wait for it', async () => {
    const { saves, accept, states } = stage();
    const arrive = Promise.withResolvers<void>();
    const first = saves.keep(receipt('a'), 'save 1', (one) => arrive.promise.then(() => accept(one)));
    const second = saves.keep(receipt('b'), 'save 1', accept);
    arrive.resolve();
    await Promise.all([first, second]);
    expect(states()).toEqual(['accepted', 'ignored']);
  });

  test('lead to a look of their own when the first was not kept', async () => {
    const { saves, accept, states } = stage();
    const first = saves.keep(receipt('a'), 'save 1', () => Promise.reject(new Error('the disk is full')));
    const second = saves.keep(receipt('b'), 'save 1', accept);
    await expect(first).rejects.toThrow('the disk is full');
    await second;
    await saves.keep(receipt('a'), 'save 1', accept);
    expect(states()).toEqual(['accepted', 'accepted']);
  });

  test('that come much later are a reason to look again', async () => {
    const { saves, accept, clock, states } = stage();
    await saves.keep(receipt('a'), 'save 1', accept);
    clock.now += 10_001;
    await saves.keep(receipt('b'), 'save 1', accept);
    expect(states()).toEqual(['accepted', 'accepted']);
  });
});
