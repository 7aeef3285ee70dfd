import { describe, expect, test } from '@jest/globals';
import { NOTHING_NEW, story, type AttemptRecord, type NoteRecord, type ReceiptRecord, type Records } from '../../../src/core/story.ts';
import { field, link } from './given.ts';

const receipt = (draft: Partial<ReceiptRecord>): ReceiptRecord => ({
  id: '1', account_id: 2, ticket_id: 'T2', event: 'ticket.updated', state: 'settled', reason: NOTHING_NEW, received: 100, settled: 110, ...draft,
});
const attempt = (draft: Partial<AttemptRecord>): AttemptRecord => ({
  id: '1', replica_id: 'r2', account_id: 2, kind: 'ticket.update', key: 'dm-a', attempt: 1, outcome: 'done', reason: null, wrote: { fields: { status: 'open' } },
  answer: {}, warnings: [], files: [], began: 90, ended: 105, ...draft,
});
const note = (at: number, draft: Partial<NoteRecord>): NoteRecord => ({ replica_id: 'r2', at, what: 'changed', because: 'here', ...draft });
const told = (draft: Partial<Records>): Records => ({ link: null, born: null, accountOf: new Map([['r2', 2]]), receipts: [], notes: [], attempts: [], ...draft });

describe('a story', () => {
  test('is told in the order of time, and within one moment as cause and effect', () => {
    const entries = story(told({
      link: link(), born: 110,
      receipts: [receipt({ received: 110, settled: 110, reason: 'absorbed: status' })],
      notes: [note(110, {})],
      attempts: [attempt({ began: 110 }), attempt({ id: '2', began: 90 })],
    }));
    expect(entries.map(({ at, what }) => [at, what])).toEqual([[90, 'attempt'], [110, 'receipt'], [110, 'look'], [110, 'began'], [110, 'note'], [110, 'attempt']]);
  });

  test('tells rows of one moment in the order in which they were kept, whatever order they come in', () => {
    const entries = story(told({ receipts: ['10', '9', '2'].map((id) => receipt({ id })) }));
    expect(entries.map((entry) => (entry.what === 'receipt' ? entry.receipt : entry.what === 'look' ? entry.receipts : null))).toEqual(['2', '9', '10', ['2', '9', '10']]);
  });

  test('calls a look that brought nothing the echo of the latest write before it on that account, and of no other', () => {
    const attempts = [attempt({ id: '1', began: 50 }), attempt({ id: '2', began: 90 }), attempt({ id: '3', began: 101 }), attempt({ id: '4', began: 95, account_id: 3 }), attempt({ id: '5', began: 96, outcome: 'refused' })];
    const echo = (draft: Partial<ReceiptRecord>): unknown => story(told({ receipts: [receipt(draft)], attempts })).find(({ what }) => what === 'look');
    expect(echo({})).toMatchObject({ echo_of: '2' });
    expect(echo({ reason: 'absorbed: status' })).toMatchObject({ found: 'absorbed: status', echo_of: null });
    expect(echo({ received: 40, settled: 45 })).toMatchObject({ found: NOTHING_NEW, echo_of: null });
    expect(echo({ received: 10_000_000, settled: 10_000_001 })).toMatchObject({ echo_of: null });
    expect(echo({ state: 'accepted', settled: null })).toBeUndefined();
  });

  test('shows why a webhook is ignored or parked at the webhook itself', () => {
    const [entry] = story(told({ receipts: [receipt({ state: 'parked', reason: 'does not fit', settled: null })] }));
    expect(entry).toMatchObject({ what: 'receipt', state: 'parked', reason: 'does not fit' });
  });

  test('tells what a link began with from what was noted since', () => {
    const entries = story(told({
      link: link({ fields: { subject: field('Now'), status: field('closed', 9), priority: field('high', 9) } }),
      born: 10,
      notes: [
        note(30, { values: { status: { was: 'pending', is: 'closed' } } }),
        note(20, { values: { status: { was: 'open', is: 'pending' }, priority: { is: 'high' } } }),
      ],
    }));
    expect(entries[0]).toEqual({ at: 10, account_id: 1, what: 'began', values: { subject: 'Now', status: 'open' } });
  });
});
