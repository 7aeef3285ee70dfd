import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { connectors } from '../../../src/connectors/index.ts';
import { without } from '../../../src/connectors/kit/hold.ts';
import { parseXml, buildXml, type XmlNode } from '../../../src/connectors/kit/xml.ts';
import { fromComments } from '../../../src/connectors/zendesk-classic/comments.ts';
import { fieldsOf, heldValues, readValue } from '../../../src/connectors/zendesk-classic/fields.ts';
import { packed, unpacked } from '../../../src/connectors/zendesk-classic/met.ts';
import { forecastComment, fromTicket, hold, toComment, toNewTicket, type Words } from '../../../src/connectors/zendesk-classic/map.ts';
import { numberOf, type ClassicComment, type ClassicTicket } from '../../../src/connectors/zendesk-classic/shapes.ts';
import { plainOf, readMarked, readText, writtenText } from '../../../src/connectors/zendesk-classic/text.ts';
import { listOn, PAGE_SIZE, type View } from '../../../src/connectors/zendesk-classic/view.ts';
import { fromXml, one } from '../../../src/connectors/zendesk-classic/wire.ts';
import { decoderFor } from '../../../src/engine/decode.ts';
import { escapeHtml } from '../../../src/connectors/kit/html.ts';
import type { TicketFields } from '../../../src/core/model.ts';
import { accountOf, testWorld } from '../../contract/connectors/world.ts';
import { AGENTS, anyFields, comparable } from './fields.ts';

const KEY = 'dm-abcdefghij234567';
const WORDS: Words = { mark: 'tag', custom: null, group: (named) => (named === 'Support' ? '2' : undefined) };
const who = (id: string) => ({ user_id: id, email: Object.entries(AGENTS).find(([, known]) => known === id)?.[0] ?? null, name: null });
const connector = connectors['zendesk-classic'];
if (connector === undefined) throw new Error('the registry has no zendesk-classic');

/** What a desk makes of a new ticket, as it would show it. */
function stored(root: XmlNode): ClassicTicket {
  const element = parseXml(buildXml(root), { depth: 8, nodes: 10_000 });
  const { set_tags: tags = null, ...fields } = fromXml(element) as Record<string, string | null>;
  const said = { value: fields['description'] ?? null, is_public: 'true', created_at: '2010-01-01T00:00:00Z' };
  return {
    status_id: '0', priority_id: '0', ticket_type_id: '0', subject: null, assignee_id: null, ...fields,
    id: '1', current_tags: tags, comments: [said], ...('requester_email' in fields && { requester_id: '5' }),
  } as ClassicTicket;
}

describe('the map', () => {
  test.each(['tag', 'external-id', 'text'] as const)('reading what was written is the forecast, with the mark as %s', (mark) => {
    fc.assert(
      fc.property(anyFields, (fields) => {
        const words = { ...WORDS, mark };
        const { held, warnings } = hold(fields, words);
        const assigneeId = AGENTS[held.assignee?.email?.toLowerCase() ?? ''] ?? null;
        const known: TicketFields = held.assignee != null && assigneeId === null ? without(held, ['assignee']) : held;
        const raw = stored(toNewTicket(fields, known, { assigneeId, requesterId: null }, words, KEY, null));
        const read = fromTicket(raw, (id) => (id === '5' ? (held.requester ?? undefined) : who(id)), words);
        const names = Object.entries(known).filter(([name, value]) => value !== undefined && !(name === 'requester' && held.requester?.email == null)).map(([name]) => name);
        expect(comparable(read, names)).toEqual(comparable(known, names));
        expect(read.key).toBe(KEY);
        for (const { field } of warnings.filter(({ reason }) => !/shown as/.test(reason))) expect(held).not.toHaveProperty(field);
      }),
      { numRuns: 300 },
    );
  });

  test('absent, null and empty stay apart, as far as XML can tell', () => {
    expect(hold({}, WORDS).held).toEqual({});
    expect(hold({ subject: '', priority: null, ticket_type: null, assignee: null, tags: [] }, WORDS).held).toEqual({ subject: null, priority: null, ticket_type: null, assignee: null, tags: [] });
    expect(fromTicket({ id: '1' }, who, WORDS)).toEqual({ id: '1', key: null, is_deleted: false, created_at: null, modified_at: null });
    expect(hold({ status: null, requester: null, description: null }, WORDS).warnings.map(({ field }) => field).sort()).toEqual(['description', 'requester', 'status']);
  });

  test.each([['0', 'open'], ['1', 'open'], ['2', 'pending'], ['3', 'resolved'], ['4', 'closed']])('status %s reads %s', (id, status) => {
    expect(fromTicket({ id: '1', status_id: id }, who, WORDS).status).toBe(status);
  });

  test('numbers that are in no table are not guessed at', () => {
    const odd = fromTicket({ id: '1', status_id: '9', priority_id: '17', ticket_type_id: '-1' }, who, WORDS);
    for (const field of ['status', 'priority', 'ticket_type']) expect(odd).not.toHaveProperty(field);
  });

  test('a description is told only where its comment is there and public', () => {
    const description = 'words';
    expect(fromTicket({ id: '1', description }, who, WORDS)).not.toHaveProperty('description');
    expect(fromTicket({ id: '1', description, comments: [{ is_public: 'false' }, { is_public: 'true' }] }, who, WORDS)).toMatchObject({ public: true });
    expect(fromTicket({ id: '1', description, comments: [{ is_public: 'false' }] }, who, WORDS)).not.toHaveProperty('description');
    expect(fromTicket({ id: '1', description, comments: [{ is_public: 'true' }] }, who, WORDS)).toMatchObject({ description, public: true });
  });

  test('people are known by e-mail, or by number where there is none', () => {
    expect(hold({ assignee: { user_id: '7', email: null, name: null } }, WORDS).held.assignee).toEqual({ user_id: '7', email: null, name: null });
    expect(hold({ assignee: { user_id: '7', email: 'a@b.example', name: ' A ' } }, WORDS).held.assignee).toEqual({ user_id: null, email: 'a@b.example', name: 'A' });
    expect(hold({ assignee: { user_id: 'usr_7', email: null, name: 'A' } }, WORDS)).toMatchObject({ held: {}, warnings: [{ field: 'assignee' }] });
  });

  test('the list of a person’s tags never brings a key of ours along', () => {
    expect(hold({ tags: ['Two Words', 'dm-aaaaaaaaaaaaaaaa', 'two_words', ' '] }, WORDS).held.tags).toEqual(['two_words']);
  });
});

describe('texts', () => {
  const anyText = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme' }),
    fc.array(fc.constantFrom('{{ticket.id}}', '\\{{x}}', ']]>', '<b>', '&amp;', '\n', '\n\n\n', '  ', 'dm-aaaaaaaaaaaaaaaa', '\n\ndm-bbbbbbbbbbbbbbbb', '😀', 'שלום', '\u0001', '\ufffe', '\ud800', '# not *a* [heading](x)')).map((parts) => parts.join('')),
  );

  test('arrive as forecast, with their key, whatever they hold', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const content = `<p>${escapeHtml(text)}</p>`;
        const root = toComment(writtenText(plainOf(content), KEY), false, null);
        const shown = parseXml(buildXml(root), { depth: 4, nodes: 100_000 }).children.find(({ name }) => name === 'value')?.text ?? '';
        expect(readMarked(shown)).toEqual({ html: forecastComment({ content, public: false }).content, key: KEY });
        // A desk that takes blanks away around texts and at the ends of lines makes no difference.
        expect(readMarked(`\n ${shown.replace(/\n/g, ' \r\n')} `).html.trim()).toBe(readMarked(shown).html.trim());
      }),
      { numRuns: 500 },
    );
  });

  test('64 kB in one comment', () => {
    const content = `<p>${'ä😀 word '.repeat(6_000)}</p>`;
    expect(readMarked(writtenText(plainOf(content), KEY))).toEqual({ html: forecastComment({ content, public: true }).content, key: KEY });
  });

  test('only a key on the very last line is a mark', () => {
    expect(readMarked(`a\n\n${KEY}`)).toEqual({ html: 'a', key: KEY });
    expect(readMarked(`a ${KEY}`).key).toBeNull();
    expect(readMarked(`${KEY}\nand on`).key).toBeNull();
    expect(readMarked(`> ${KEY}`).key).toBeNull();
    expect(readText(`a\n\n${KEY}`)).toBe(`a<br><br>${KEY}`);
  });

  test.each(['{{x}}', '\\{{x}}'])('placeholders are behind a backslash, and %s reads as what was meant', (shows) => {
    expect(writtenText('{{x}}', null)).toBe('\\{{x}}');
    expect(readText(shows)).toBe('{{x}}');
  });
});

describe('the id of a comment', () => {
  const comment = (at: string, value: string, more: Partial<ClassicComment> = {}): ClassicComment => ({ created_at: at, value, author_id: '3', is_public: 'true', ...more });
  const ids = (...comments: readonly ClassicComment[]): readonly string[] => fromComments({ id: '1', comments: [comment('2010-01-01T00:00:00Z', 'description'), ...comments] }, who).map(({ id }) => id);
  const first = comment('2010-01-01T00:00:01Z', 'one');
  const second = comment('2010-01-01T00:00:01Z', 'two', { author_id: '4' });

  test('a comment is known by its second and its place among those of that second', () => {
    expect(ids(first, second, comment('2010-01-01T00:00:02Z', 'three'))).toEqual(['20100101T000001Z-1', '20100101T000001Z-2', '20100101T000002Z-1']);
  });

  test('a comment keeps its id when others are added', () => {
    expect(ids(first, second).slice(0, 1)).toEqual(ids(first));
  });

  test('a comment keeps its id when its text is redacted, its visibility turned, or its author merged into another user', () => {
    const before = ids(first, second);
    expect(ids({ ...first, value: '▇▇▇' }, second)).toEqual(before);
    expect(ids({ ...first, is_public: 'false' }, second)).toEqual(before);
    expect(ids({ ...first, author_id: '99' }, { ...second, author_id: '99' })).toEqual(before);
  });

  test('a comment’s id is the same for the same moment in other spellings', () => {
    expect(ids(comment('2010-01-01T02:00:01.999999999+02:00', 'one'))).toEqual(ids(first));
  });

  test('the id of a comment of ours is its key, and of a second one with that key is not', () => {
    const ours = comment('2010-01-01T00:00:01Z', `said\n\n${KEY}`);
    expect(ids(ours, ours)).toEqual([KEY, '20100101T000001Z-2']);
    expect(ids(ours, second)).toEqual([KEY, '20100101T000001Z-2']);
  });

  test('a comment without a time has an id as well', () => {
    expect(ids({ value: 'x' }, { value: 'y' })).toEqual(['undated-1', 'undated-2']);
  });

  test('the description counts, so that a comment of the same second does not take its place', () => {
    expect(ids(comment('2010-01-01T00:00:00Z', 'at once'))).toEqual(['20100101T000000Z-2']);
  });
});

describe('custom fields', () => {
  const fields = fieldsOf([
    { id: '1', type: 'FieldSubject' }, { id: '2', type: 'FieldText' }, { id: '3', type: 'FieldCheckbox' }, { id: '4', type: 'FieldInteger' }, { id: '5', type: 'FieldDecimal' }, { id: '6', type: 'FieldDate' },
    { id: '7', type: 'FieldTagger', custom_field_options: [{ name: 'Pro plan', value: 'plan_pro' }] }, { id: '8', type: 'FieldText', is_active: 'false' },
  ]);
  const shownAs = (id: string, value: unknown): unknown => {
    const { entries, warnings } = heldValues([{ id, value }], fields);
    const [entry] = entries;
    return entry === undefined ? warnings.map(({ field }) => field) : readValue(entry.value, id, fields);
  };

  test.each<[string, unknown, unknown]>([
    ['2', 'words', 'words'], ['2', 12, '12'], ['2', true, 'true'], ['2', null, null], ['2', '', null], ['2', { a: 1 }, ['custom_properties']], ['2', 'a\u0001', ['custom_properties']],
    ['3', true, true], ['3', 'false', false], ['3', null, false], ['3', 'perhaps', ['custom_properties']],
    ['4', 7, 7], ['4', '-007', -7], ['4', 7.5, ['custom_properties']], ['4', '12345678901234567890', '12345678901234567890'], ['4', 'x', ['custom_properties']],
    ['5', 7.5, 7.5], ['5', '1.10', 1.1], ['5', Number.NaN, ['custom_properties']],
    ['6', '2026-02-28', '2026-02-28'], ['6', '2026-02-31x', ['custom_properties']], ['6', 5, ['custom_properties']],
    ['7', 'plan_pro', 'plan_pro'], ['7', 'PRO PLAN', 'plan_pro'], ['7', 'other', ['custom_properties']], ['7', ['plan_pro'], ['custom_properties']], ['7', null, null],
    ['1', 'x', ['custom_properties']], ['8', 'x', ['custom_properties']], ['9', 'x', ['custom_properties']], ['name', 'x', ['custom_properties']],
  ])('field %s holds %j as %j', (id, value, expected) => {
    expect(shownAs(id, value)).toEqual(expected);
  });

  test('before they are known every field is a text', () => {
    expect(heldValues([{ id: '99', value: 'x' }], null).entries).toEqual([{ id: '99', value: 'x' }]);
    expect(readValue('true', '3', null)).toBe('true');
  });
});

describe('what a walk has met', () => {
  test('comes back from its packing', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: 1n, max: 99_999_999_999_999_999_999n }), { maxLength: 300 }), (numbers) => {
        const given = new Set(numbers.map(String));
        const text = packed(given);
        expect(text === null ? given : unpacked(text)).toEqual(given);
      }),
    );
  });

  test('takes little for numbers that lie close together, and is given up where it would not fit', () => {
    const dense = new Set(Array.from({ length: 50_000 }, (_, i) => String(i + 1)));
    expect(packed(dense)?.length).toBeLessThan(200);
    const sparse = new Set(Array.from({ length: 50_000 }, (_, i) => String(1 + createHash('sha256').update(String(i)).digest().readUInt32BE())));
    expect(packed(sparse)).toBeNull();
  });

  test('is enough to notice a shift, also in a list whose numbers are too many to be carried along', async () => {
    // Far apart, so that they pack badly; the newest change comes first.
    const ids = Array.from({ length: 1_200 }, (_, i) => String(createHash('sha256').update(String(i)).digest().readBigUInt64BE()));
    const pageOf = Array.from({ length: ids.length / PAGE_SIZE }, (_, n) => n + 1);
    // The page that is one too many.
    const full = pageOf.find((page) => packed(new Set(ids.slice(0, page * PAGE_SIZE))) === null) ?? Infinity;
    expect(full).toBeLessThan(60);
    const turn: View['turn'] = async (place) => {
      const rows = ids.slice((place.page - 1) * PAGE_SIZE, place.page * PAGE_SIZE).map((id) => ({ nice_id: id, id }));
      const more = place.page * PAGE_SIZE < ids.length;
      return { rows: rows as unknown as readonly ClassicTicket[], count: ids.length, now: null, next: more ? { ...place, page: place.page + 1, count: ids.length } : null };
    };
    const seen = new Set<string>();
    let moved = '';
    for (let at: Parameters<typeof listOn>[1] = null, pages = 1; ; pages += 1) {
      const { rows, next } = await listOn({ ordered: false, turn }, at, 0);
      for (const row of rows) seen.add(numberOf(row));
      if (next === null) break;
      at = next;
      // Somebody changes a ticket that is still to come: it goes to the front, and everything between moves on by one.
      if (pages === full) {
        moved = ids.splice(70 * PAGE_SIZE, 1)[0] ?? '';
        ids.unshift(moved);
      }
    }
    expect([moved !== '', seen.has(moved), seen.size]).toEqual([true, true, ids.length]);
  });

  test('is not read from anything', () => {
    for (const text of ['%%%', 'AAAA', Buffer.from('nonsense').toString('base64url')]) expect(unpacked(text)).toBeNull();
  });
});

describe('webhooks', () => {
  const XML = 'application/xml; charset=utf-8';
  const FORM = 'application/x-www-form-urlencoded';
  const read = (type: string, text: string) => {
    const rawBody = Buffer.from(text);
    return connector.read({ headers: { 'content-type': type }, rawBody, query: {} }, decoderFor(type, connector.formats)(rawBody).value, {});
  };

  test.each<[string, string, string, string | undefined]>([
    [FORM, 'message=303+created+2010-06-03T22%3A15Z', '303', 'ticket.created'],
    [FORM, 'whatever=%23303%20updated', '303', 'ticket.updated'],
    [FORM, 'ticket_id=303&event=commented', '303', 'comment.created'],
    [FORM, `message=${encodeURIComponent('<ticket><id>303</id></ticket>')}`, '303', undefined],
    [FORM, `message=${encodeURIComponent('{"ticket_id":"303","event":"assigned"}')}`, '303', 'ticket.assignment.changed'],
    [XML, '<ticket><id type="integer">303</id><event>updated</event></ticket>', '303', 'ticket.updated'],
    [XML, '<notification><ticket-id>303</ticket-id></notification>', '303', undefined],
    [XML, '<ticket><nice-id>303</nice-id><id>7</id></ticket>', '303', undefined],
    ['text/xml', '<?xml version="1.0" encoding="UTF-8"?>\n<ticket><id><![CDATA[303]]></id></ticket>', '303', undefined],
    ['application/json', '{"ticket":{"id":303},"event":"ticket.created"}', '303', 'ticket.created'],
    ['application/json', '{"ticket_id":"9007199254740993017","event":"deleted"}', '9007199254740993017', 'ticket.deleted'],
    ['application/json', '{"ticket":"303"}', '303', undefined],
    ['application/json', '{"ticket_id":"303","title":"a "quoted" word"}', '303', undefined],
    [FORM, `message=${encodeURIComponent('{"title":"a "quoted" word","ticket_id": 303}')}`, '303', undefined],
  ])('%s %s', (type, text, ticketId, event) => {
    expect(read(type, text)).toEqual({
      kind: 'ticket',
      ticketId,
      dedupe: expect.stringMatching(/^[0-9a-f]{64}$/),
      ...(event !== undefined && { event }),
      ...(event === 'ticket.deleted' && { deleted: true }),
    });
  });

  test.each([
    [FORM, 'message=nothing+of+ours'],
    [FORM, 'message=303rd+of+June'],
    [FORM, 'message=0'],
    [XML, '<ticket/>'],
    [XML, '<user><id>303</id></user>'],
    ['application/json', '{"id":"evt_1"}'],
    ['application/json', '{"user":{"note":"5 apples"}}'],
    ['application/json', '[303]'],
    [FORM, `message=${encodeURIComponent('<!DOCTYPE x [<!ENTITY y "303">]><ticket><id>&y;</id></ticket>')}`],
    [FORM, `message=${encodeURIComponent('{"ticket_id":')}`],
  ])('a message of type %s that says %s names no ticket', (type, text) => {
    expect(read(type, text)).toMatchObject({ kind: 'unreadable' });
  });

  test.each([
    ['a document type', XML, '<!DOCTYPE t [<!ENTITY a "303">]><ticket><id>&a;</id></ticket>', /document type/],
    ['an entity', XML, '<ticket><id>&a;</id></ticket>', /undefined entity/],
    ['too deep', XML, `${'<a>'.repeat(17)}${'</a>'.repeat(17)}`, /deeper than 16/],
    ['too many parts', XML, `<a>${'<b/>'.repeat(5_000)}</a>`, /more than 5000 parts/],
    ['broken JSON without a ticket', 'application/json', '{"title":"a "quoted" word"}', /ticket_id/],
    ['half a document', 'text/xml', '<ticket><id>303', /not well-formed/],
    ['too many fields', FORM, Array.from({ length: 101 }, (_, i) => `a${i}=1`).join('&'), /more than 100 fields/],
    ['not UTF-8', XML, Buffer.from([0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e]).toString('latin1'), /./],
  ])('a body with %s is 400', (what, type, text, why) => {
    const rawBody = what === 'not UTF-8' ? Buffer.from(text, 'latin1') : Buffer.from(text);
    expect(() => decoderFor(type, connector.formats)(rawBody)).toThrow(why);
  });

  test('are told apart by their bodies only', () => {
    const [a, b, c] = ['message=1+updated+a', 'message=1+updated+a', 'message=1+updated+b'].map((text) => Reflect.get(read(FORM, text), 'dedupe') as string);
    expect([a === b, a === c]).toEqual([true, false]);
  });
});

describe('an account', () => {
  const connectWith = (settings: Record<string, unknown>, credentials: Record<string, string> = { email: 'a@b.example', token: 't' }) => connector.connect(accountOf({ connector, url: 'https://desk.example', settings }, credentials), testWorld());

  test('needs a view in agent mode, and no agent’s mode to act for somebody', () => {
    expect(() => connectWith({})).toThrow(/setting view/);
    expect(() => connectWith({ view: 1, on_behalf_of: 'eve@b.example' })).toThrow(/end-user/);
    expect(connectWith({ mode: 'end-user' }).can.comments.private).toBe(false);
    expect(connectWith({ view: '4001' }).can.fields.status).toBe('always');
  });

  test('has user name and password of its target together, or neither', () => {
    expect(() => connectWith({ view: 1, webhook_user: 'u' })).toThrow(/go together/);
    expect(() => connectWith({ view: 1 }, { email: 'a@b.example', token: 't', webhook_secret: 's' })).toThrow(/go together/);
  });

  test('prints how its hook is set up, or says with which password it comes', async () => {
    const url = 'https://mesh.example/hooks/1/token';
    const byHand = await connectWith({ view: 1 }).ensureWebhook(url);
    expect(byHand).toMatchObject({ status: 'manual' });
    if (byHand.status === 'manual') expect(byHand.steps.join('\n')).toMatch(/https:\/\/mesh\.example\/hooks\/1\/token[^]*\{\{ticket\.id\}\} created[^]*\{\{ticket\.id\}\} updated/);
    expect(await connectWith({ view: 1, webhook_user: 'u' }, { email: 'a@b.example', token: 't', webhook_secret: 'p' }).ensureWebhook(url)).toEqual({ status: 'registered', secrets: [`Basic ${Buffer.from('u:p').toString('base64')}`] });
  });
});

test('values of answers are texts or nothing, so that no number is rounded', () => {
  const told = { status: 200, text: '', body: { ticket: { nice_id: 303, status_id: 0, subject: '', is_public: true, comments: [] } } };
  expect(one(told, 'ticket').body).toEqual({ nice_id: '303', status_id: '0', subject: null, is_public: 'true', comments: [] });
});
