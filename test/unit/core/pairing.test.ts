import { describe, expect, test } from '@jest/globals';
import { ALONE, joinedTrait, meet, pairingsOf, sightingOf, soughtBy, traitsOf, type Candidate, type PairTerms } from '../../../src/core/pairing.ts';
import type { Values } from '../../../src/core/lens.ts';
import { clock, edge, ticket } from './given.ts';

const TERMS: PairTerms = { external_id: true, custom_field: 'case', fields: ['subject', 'requester'], withinMs: 3_600_000 };
const ann = { user_id: '7', email: 'Ann@Customer.example', name: 'Ann' };

/** The account and ticket id as `1:a`; what it carries; minutes after the beginning at which it was created. */
function one(name: string, more: { ext?: string; custom?: string; fields?: string; minute?: number; traits?: string[]; link?: Candidate['link'] } = {}): Candidate {
  const [account = '', id = ''] = name.split(':');
  const traits = [
    `id:${id}`,
    ...(more.ext === undefined ? [] : [`external:${more.ext}`]),
    ...(more.custom === undefined ? [] : [`custom:${more.custom}`]),
    ...(more.fields === undefined ? [] : [`fields:${more.fields}`]),
    ...(more.traits ?? []),
  ];
  return { account_id: Number(account), ticket_id: id, created: clock((more.minute ?? 0) * 60), traits, link: more.link ?? null };
}

const place = (name: string) => ({ account_id: Number(name.split(':')[0]), ticket_id: name.split(':')[1] ?? '' });
const equally = (): number => 1;
const meeting = (self: Candidate, ...all: Candidate[]) => meet(self, all, TERMS, equally);
const linkOn = (...accounts: number[]): Candidate['link'] => ({ id: 'l1', accounts, alive: true });

describe('what a ticket wears', () => {
  test('its id, its external id, its custom field and its equal fields, in words and without case', () => {
    const seen = ticket({ id: '9', external_id: ' X-1 ' });
    const plain = traitsOf(seen, { subject: 'Printer  on <b>fire</b>', requester: ann, 'custom:case': 17 }, TERMS);
    const other = traitsOf({ ...seen, id: '10' }, { subject: '<p>PRINTER on fire</p>', requester: { ...ann, user_id: 'u9', email: 'ann@customer.example' }, 'custom:case': '17' }, TERMS);
    expect(plain).toEqual(['id:9', 'external:X-1', 'custom:17', expect.stringMatching(/^fields:/)]);
    expect(other.slice(1)).toEqual(plain.slice(1));
  });

  test('nothing for a field that is empty, and nothing for somebody whom only their own desk knows', () => {
    const equal = (values: Values): boolean => traitsOf(ticket(), values, TERMS).some((trait) => trait.startsWith('fields:'));
    expect(equal({ subject: 'a', requester: ann })).toBe(true);
    expect(equal({ subject: '', requester: ann })).toBe(false);
    expect(equal({ subject: '<p> </p>', requester: ann })).toBe(false);
    expect(equal({ subject: 'a' })).toBe(false);
    expect(equal({ subject: 'a', requester: { ...ann, email: null } })).toBe(false);
  });

  test('without terms nothing at all', () => {
    expect(sightingOf(3, ticket({ created_at: null }), { subject: 'a' }, null)).toEqual({ account_id: 3, ticket_id: 'T2', created: 0, traits: [] });
  });

  test('it is looked for by what it carries, by its own id, and among tickets of its time', () => {
    const sought = soughtBy(one('1:9', { ext: '55', fields: 'f', minute: 10 }), TERMS);
    expect(sought.map(({ trait }) => trait)).toEqual(['external:55', 'id:55', 'external:9', 'custom:9', 'fields:f']);
    expect(sought.at(-1)).toEqual({ trait: 'fields:f', from: clock(600) - TERMS.withinMs, to: clock(600) + TERMS.withinMs });
    expect(soughtBy(one('1:9', { ext: '55', traits: [ALONE] }), TERMS)).toEqual([]);
    expect(soughtBy({ ...one('1:9', { fields: 'f' }), created: 0 }, TERMS).map(({ trait }) => trait)).not.toContain('fields:f');
  });
});

describe('what is done with it', () => {
  test('nobody else is there: it begins a link alone', () => {
    expect(meeting(one('1:a', { fields: 'f' }))).toEqual({ kind: 'begin', others: [] });
    expect(meeting(one('1:a', { fields: 'f' }), one('2:b', { fields: 'g' }), one('1:c', { fields: 'f' }))).toEqual({ kind: 'begin', others: [] });
  });

  test('one on the other side is the same: the older begins the link for both, the other gives way', () => {
    const [a, b] = [one('1:a', { fields: 'f', minute: 5 }), one('2:b', { fields: 'f', minute: 7 })];
    expect(meeting(a, b)).toEqual({ kind: 'begin', others: [place('2:b')] });
    expect(meeting(b, a)).toEqual({ kind: 'yield', to: place('1:a') });
  });

  test('whose changes go further begins the link, however old', () => {
    const [a, b] = [one('1:a', { fields: 'f', minute: 5 }), one('2:b', { fields: 'f', minute: 7 })];
    const reach = (id: number): number => (id === 2 ? 1 : 0);
    expect(meet(a, [b], TERMS, reach)).toEqual({ kind: 'yield', to: place('2:b') });
    expect(meet(b, [a], TERMS, reach)).toEqual({ kind: 'begin', others: [place('1:a')] });
  });

  test('equal fields count only near in time, and not against what the tickets carry', () => {
    expect(meeting(one('1:a', { fields: 'f' }), one('2:b', { fields: 'f', minute: 60 }))).toMatchObject({ others: [place('2:b')] });
    expect(meeting(one('1:a', { fields: 'f' }), one('2:b', { fields: 'f', minute: 61 }))).toMatchObject({ others: [] });
    expect(meeting(one('1:a', { fields: 'f', custom: '1' }), one('2:b', { fields: 'f', custom: '2' }))).toMatchObject({ others: [] });
    expect(meeting(one('1:a', { fields: 'f', custom: '1' }), one('2:b', { fields: 'f' }))).toMatchObject({ others: [place('2:b')] });
  });

  test('two that fit are doubtful, on either side', () => {
    const [a, b, c] = [one('1:a', { fields: 'f' }), one('2:b', { fields: 'f' }), one('2:c', { fields: 'f' })];
    expect(meeting(a, b, c)).toEqual({ kind: 'doubtful', because: 'more than one ticket of an account seems to be the same', candidates: [place('2:b'), place('2:c')] });
    expect(meeting(b, a, c)).toMatchObject({ kind: 'doubtful' });
    expect(meeting(c, a, b)).toMatchObject({ kind: 'doubtful' });
  });

  test('a chain in time is doubtful at both ends: the one in the middle fits both', () => {
    const [a, b, c] = [one('1:a', { fields: 'f', minute: 0 }), one('2:b', { fields: 'f', minute: 50 }), one('1:c', { fields: 'f', minute: 100 })];
    expect(meeting(a, b, c)).toMatchObject({ kind: 'doubtful' });
    expect(meeting(c, b, a)).toMatchObject({ kind: 'doubtful' });
  });

  test('an id or a custom field tells first: what only looks alike is left over', () => {
    const [a, b, c] = [one('1:a', { fields: 'f', ext: 'X' }), one('2:b', { fields: 'f', ext: 'X' }), one('2:c', { fields: 'f' })];
    expect(meeting(a, b, c)).toMatchObject({ kind: 'begin', others: [place('2:b')] });
    expect(meeting(c, a, b)).toEqual({ kind: 'begin', others: [] });
    expect(meeting(one('1:a', { custom: 'b' }), one('2:b'))).toMatchObject({ others: [place('2:b')] });
    expect(meeting(one('1:a'), one('2:b', { ext: 'a', minute: 9 }))).toMatchObject({ others: [place('2:b')] });
  });

  test('an id that fits tickets of two accounts is doubtful, since nobody told which desk it means', () => {
    expect(meeting(one('1:a', { ext: '17' }), one('2:17'), one('3:17'))).toMatchObject({ kind: 'doubtful', because: 'an id fits tickets of more than one account' });
    expect(meeting(one('1:a', { ext: 'X' }), one('2:17', { ext: 'X' }), one('3:17', { ext: 'X' }))).toMatchObject({ kind: 'begin', others: [place('2:17'), place('3:17')] });
  });

  test('what a person decided stands above all', () => {
    const joined = joinedTrait(place('1:a'), place('2:c'));
    expect(joined).toBe(joinedTrait(place('2:c'), place('1:a')));
    const [a, b, c] = [one('1:a', { ext: 'X', traits: [joined] }), one('2:b', { ext: 'X' }), one('2:c', { traits: [joined] })];
    expect(meeting(a, b, c)).toMatchObject({ kind: 'begin', others: [place('2:c')] });
    expect(meeting(b, a, c)).toEqual({ kind: 'begin', others: [] });
    expect(meeting(one('1:a', { fields: 'f', traits: [ALONE] }), one('2:b', { fields: 'f' }))).toEqual({ kind: 'begin', others: [] });
    expect(meeting(one('2:b', { fields: 'f' }), one('1:a', { fields: 'f', traits: [ALONE] }))).toEqual({ kind: 'begin', others: [] });
  });

  test('it joins a link that has no ticket here; one that has is doubtful, and so is a deleted one', () => {
    const self = one('1:a', { fields: 'f' });
    expect(meeting(self, one('2:b', { fields: 'f', link: linkOn(2, 3) }))).toEqual({ kind: 'join', link: 'l1' });
    expect(meeting(self, one('2:b', { fields: 'f', link: linkOn(1, 2) }))).toMatchObject({ kind: 'doubtful', because: 'its counterpart is mirrored with another ticket here' });
    expect(meeting(self, one('2:b', { fields: 'f', link: { id: 'l1', accounts: [2], alive: false } }))).toMatchObject({ kind: 'doubtful', because: 'its counterpart was deleted' });
    expect(meeting(self, one('2:b', { fields: 'f', link: linkOn(2) }), one('3:c', { fields: 'f', link: { id: 'l2', accounts: [3], alive: true } }))).toMatchObject({ kind: 'doubtful', because: 'its counterparts are mirrored apart from each other' });
    expect(meeting(self, one('2:b', { fields: 'f', link: linkOn(2, 3) }), one('3:c', { fields: 'f', link: linkOn(2, 3) }))).toEqual({ kind: 'join', link: 'l1' });
  });

  test('very many that seem to be the same are doubtful without counting further', () => {
    const many = Array.from({ length: 60 }, (_, n) => one(`2:${n}`, { fields: 'f' }));
    expect(meeting(one('1:a', { fields: 'f' }), ...many)).toMatchObject({ kind: 'doubtful', because: 'more than 50 tickets seem to be the same' });
  });
});

test('mirrors that recognise tickets, with how far changes of an account go in each', () => {
  const pairing = pairingsOf([{ ...edge(1, 2, { pair: TERMS }), mirror: 'x' }, { ...edge(1, 3, { pair: TERMS }), mirror: 'x' }, edge(2, 3)]);
  expect(pairing).toHaveLength(1);
  expect(pairing[0]).toMatchObject({ mirror: 'x', terms: TERMS, accounts: new Set([1, 2, 3]) });
  expect([1, 2, 3].map((id) => pairing[0]?.reach(id))).toEqual([2, 0, 0]);
});
