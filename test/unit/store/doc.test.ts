import { describe, expect, test } from '@jest/globals';
import type { Intent, Replica } from '../../../src/core/state.ts';
import { strangerReplica } from '../../../src/core/state.ts';
import { docOf, replicaIn, type Doc } from '../../../src/store/doc.ts';

const blank = strangerReplica('r1', 1, 't1');
const intent: Intent = {
  kind: 'ticket.update', key: 'k', fields: null, forecast: {}, clocks: {}, life: 0, uid: null, comment_id: null, draft: null, files: [], follows: null, warnings: [],
  clock: 1, first_sent: 2, sent: 3, answered: null, tries: 1, landed: 0, refused: null,
};
const file = { from: 1, ticket_id: 't1', comment_id: null, id: 'f1', url: 'https://files.example/f1', filename: 'log.txt', content_type: 'text/plain', size: 3, inline: false };

/** As it comes back from the database. */
const again = (replica: Replica): Replica => ({ ...replica, ...replicaIn(JSON.parse(JSON.stringify(docOf(replica))) as Doc) });

describe('a replica’s document', () => {
  test('holds nothing that is as usual', () => {
    expect(docOf(blank)).toEqual({ generation: 1 });
    expect(again(blank)).toEqual(blank);
  });

  const unusual: Partial<Replica>[] = [
    { generation: 2 }, { base: { subject: 'Fire' } }, { base: { subject: null } }, { applied: { subject: 1 } }, { life_applied: 1 }, { surplus: ['c1'] },
    { held: { life: { clock: 1, count: 1, reason: 'no', at: 1 } } }, { bounces: { status: { count: 1, at: 1, value: 'open' } as never } }, { wrote: { status: 1 } },
    { merged_into: 't2' }, { meeting: true }, { follows: 't0' }, { spent: { level: 1, at: 2 } }, { spent: { level: 0, at: 2 } }, { doubt: 1 }, { failures: 1 }, { intent },
  ];
  test.each(unusual)('keeps %j', (part) => {
    const replica: Replica = { ...blank, ...part };
    expect(again(replica)).toEqual(replica);
  });

  const intended: Partial<Intent>[] = [
    { fields: {} }, { fields: { subject: 'Fire' } }, { uid: '1:c1' }, { comment_id: 'c1' }, { draft: { content: '', public: true } as never }, { files: [file] }, { follows: 't0' },
    { warnings: [{ field: 'group', reason: 'no' }] }, { answered: 5 }, { answered: 0 }, { landed: 5 }, { refused: '' }, { refused: 'no' }, { tries: 0 }, { clock: 0 },
  ];
  test.each(intended)('keeps an intent with %j', (part) => {
    const replica: Replica = { ...blank, intent: { ...intent, ...part } };
    expect(again(replica)).toEqual(replica);
  });
});
