/** How pages of the API are cut from a desk's own: the cases that a desk only brings about now and then. */
import { describe, expect, test } from '@jest/globals';
import { listFrom, type Listed, type Sealer } from '../../src/http/api/listing.ts';
import { DeskFailure, type Page } from '../../src/ports/connector.ts';

interface Item {
  readonly id: string;
}

const sealer: Sealer = {
  seal: (plain, context) => Buffer.from(`${context}\n${plain}`).toString('base64url'),
  open(sealed, context) {
    const [of, ...plain] = Buffer.from(sealed, 'base64url').toString().split('\n');
    if (of !== context) throw new Error('of another list');
    return plain.join('\n');
  },
};

/** A desk whose page `n` (from 0) holds what `pages[n]` says; `read` counts. */
function deskOf(pages: readonly (readonly string[] | DeskFailure)[]) {
  const asked: number[] = [];
  const read = async (at: string | null): Promise<Page<Item>> => {
    const n = at === null ? 0 : Number(at);
    asked.push(n);
    const page = pages[n];
    if (page === undefined || page instanceof DeskFailure) throw page ?? new Error(`no page ${n}`);
    return { items: page.map((id) => ({ id })), next: n + 1 < pages.length ? String(n + 1) : null };
  };
  return { asked, read };
}

const list = (read: (at: string | null) => Promise<Page<Item>>, page?: string, size = 2): Promise<Listed<Item>> => listFrom({ sealer, context: 'list', page, size, read });
const ids = ({ items }: Listed<Item>): readonly string[] => items.map(({ id }) => id);

const NONE: readonly string[] = [];
const throttled = new DeskFailure('throttled', 'too many');

describe('a list whose desk has pages without anything to show', () => {
  test('goes on to what there is: old clients take an empty page for the end', async () => {
    const desk = deskOf([...Array.from({ length: 50 }, () => NONE), ['a']]);
    expect(await list(desk.read)).toEqual({ items: [{ id: 'a' }], next: null });
    expect(desk.asked).toHaveLength(51);
  });

  test('gives what it has after twenty of them, and goes on from there', async () => {
    const desk = deskOf([['a'], ...Array.from({ length: 50 }, () => NONE), ['b']]);
    const first = await list(desk.read);
    expect([ids(first), desk.asked.length]).toEqual([['a'], 20]);
    expect(await list(desk.read, first.next ?? '')).toEqual({ items: [{ id: 'b' }], next: null });
    expect(new Set(desk.asked).size).toBe(desk.asked.length);
  });

  test('has an end to its patience', async () => {
    const desk = deskOf([...Array.from({ length: 500 }, () => NONE), ['a']]);
    const first = await list(desk.read);
    expect([ids(first), desk.asked.length]).toEqual([[], 200]);
    expect(ids(await list(desk.read, first.next ?? ''))).toEqual([]);
    expect(desk.asked).toHaveLength(400);
  });
});

describe('a list whose desk stops answering in the middle', () => {
  test('gives what was found, and the failure when nothing more comes', async () => {
    const desk = deskOf([['a'], throttled]);
    const first = await list(desk.read);
    expect(ids(first)).toEqual(['a']);
    await expect(list(desk.read, first.next ?? '')).rejects.toBe(throttled);
  });

  test.each(['refused', 'unauthorised', 'surprise'] as const)('is not glossed over when that lasts: %s', async (kind) => {
    const failure = new DeskFailure(kind, 'no');
    await expect(list(deskOf([['a'], failure]).read)).rejects.toBe(failure);
  });

  test('fails at once where nothing was found before', async () => {
    await expect(list(deskOf([throttled]).read)).rejects.toBe(throttled);
  });
});

describe('a page', () => {
  test('that ends within one of the desk’s goes on there, and nothing comes twice', async () => {
    const desk = deskOf([['a', 'b', 'c'], ['d', 'e']]);
    const first = await list(desk.read);
    const second = await list(desk.read, first.next ?? '');
    const third = await list(desk.read, second.next ?? '');
    expect([ids(first), ids(second), ids(third), third.next]).toEqual([['a', 'b'], ['c', 'd'], ['e'], null]);
  });

  test('is found by its number', async () => {
    expect(ids(await list(deskOf([['a', 'b', 'c'], ['d', 'e']]).read, '2'))).toEqual(['c', 'd']);
  });

  test.each(['0', '-1', '1.5', 'x', sealer.seal('[null,"",null]', 'another list')])('of no list is refused: %s', async (page) => {
    await expect(list(deskOf([['a']]).read, page)).rejects.toMatchObject({ code: 'invalid_parameters', faults: [{ path: 'query/page' }] });
  });
});
