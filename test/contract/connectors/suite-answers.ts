/** Answers as no desk should give them: they are told by their class, bounded, and never taken for what they are not. */
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import { DeskFailure, type Desk, type FailureKind, type Page } from '../../../src/ports/connector.ts';
import { failureOf, shown, type Bench } from './bench.ts';
import { openSpoiler, pass, type Asked, type Spoil, type Spoiler } from './spoiler.ts';

const MB = 1024 * 1024;
/** Far beyond what a floating-point number tells apart. */
const BEYOND = '9007199254740993017';
/** Turns of a page after which a list is believed to have no end. */
const MANY_TURNS = 40;

const say = (text: string, type = 'application/json', status = 200): Spoil => (response) =>
  response.writeHead(status, { 'content-type': type }).end(text);

/** Each with what a read makes of it; a write cannot know whether it was done. */
const BAD: readonly (readonly [string, Spoil, FailureKind])[] = [
  ['a page of HTML', say('<!doctype html><html><head><title>Sign in</title></head><body><p>Please sign in</p></body></html>', 'text/html'), 'surprise'],
  ['a text', say('"all is well"'), 'surprise'],
  ['a number', say('7'), 'surprise'],
  ['null', say('null'), 'surprise'],
  ['an object of another kind', say('{"unexpected":[]}'), 'surprise'],
  ['what is no JSON', say('}{'), 'surprise'],
  ['nothing', say(''), 'surprise'],
  [
    'half a body',
    (response, real) => {
      response.writeHead(real.status, { 'content-type': 'application/json', 'content-length': String(real.body.length + 10) });
      response.write(real.body.subarray(0, real.body.length / 2), () => response.destroy());
    },
    'unavailable',
  ],
];

type Call = readonly [string, (desk: Desk, id: string, bench: Bench) => Promise<unknown>, (desk: Desk) => boolean];
const always = (): boolean => true;
const READS: readonly Call[] = [
  ['getTicket', (desk, id) => desk.getTicket(id), always],
  ['listTickets', (desk) => desk.listTickets(null), always],
  ['listComments', (desk, id) => desk.listComments(id, null), (desk) => desk.can.comments.list],
  ['changes', (desk) => desk.changes(null, 0), always],
  ['find', (desk, _id, bench) => desk.find(bench.newKey(), { sentAt: Date.now() }), always],
  ['check', (desk) => desk.check(), always],
];
const WRITES: readonly Call[] = [
  ['createTicket', (desk, _id, bench) => desk.createTicket({ subject: 'x', description: 'x', requester: { user_id: null, email: 'carla@customer.example', name: null } }, bench.newKey()), always],
  ['createComment', (desk, id, bench) => desk.createComment(id, { content: '<p>x</p>', public: false }, bench.newKey()), (desk) => desk.can.comments.create],
];

export function answersSuite(bench: Bench): void {
  describe('bad answers', () => {
    let spoiler: Spoiler | undefined;
    let elsewhere: Spoiler | undefined;
    let between: Spoiler;
    let desk: Desk;
    let id: string;

    beforeEach(async () => {
      between = spoiler ??= await openSpoiler(bench.premises.url);
      elsewhere ??= await openSpoiler(bench.premises.url);
      between.clear();
      elsewhere.clear();
      ({ id } = await bench.create());
      // What a connection remembers would hide what it is answered, so each test has one of its own.
      desk = bench.connect(bench.premises.credentials, { url: between.url });
    });
    afterAll(async () => {
      await spoiler?.close();
      await elsewhere?.close();
    });

    const tame = (failure: DeskFailure): void => {
      expect(failure.message.length).toBeLessThanOrEqual(500);
      const told = `${failure.message} ${JSON.stringify(failure)} ${failure.stack}`;
      for (const secret of secretsOf(bench)) expect(told).not.toContain(secret);
    };

    test.each(BAD)('%s is no answer to a read', async (_what, how, kind) => {
      for (const [name, call, can] of READS) {
        if (!can(desk)) continue;
        between.spoil(({ method }) => method === 'GET', how);
        const failure = await failureOf(call(bench.connect(bench.premises.credentials, { url: between.url }), id, bench));
        expect([name, failure.kind]).toEqual([name, kind]);
        tame(failure);
      }
    });

    test.each(BAD)('%s leaves a write unsure', async (what, how, kind) => {
      for (const [name, call, can] of WRITES) {
        if (!can(desk)) continue;
        if (what === 'nothing' && name === 'createComment' && bench.premises.mute === true) continue;
        between.spoil(({ method }) => method !== 'GET', how);
        const failure = await failureOf(call(desk, id, bench));
        expect([name, failure.kind]).toEqual([name, kind === 'unavailable' ? 'unsure' : kind]);
        tame(failure);
      }
    });

    test('an update is done, or not known to be done, whatever is said instead of an answer', async () => {
      for (const [what, how] of BAD) {
        between.spoil(({ method }) => method !== 'GET', how);
        const outcome = await desk.updateTicket(id, { subject: `Now ${what}` }, bench.newKey()).then(
          ({ ticket }) => (ticket === null ? 'shows nothing' : ticket.subject),
          (error: unknown) => (error instanceof DeskFailure ? error.kind : error),
        );
        // Some vendors do not say what an update is answered with.
        const mayShowNothing = what === 'nothing' || what === 'an object of another kind';
        expect([what, outcome]).toEqual([what, expect.stringMatching(mayShowNothing ? /^(shows nothing|surprise)$/ : /^(unsure|surprise)$/)]);
      }
    });

    test('a page that repeats our credentials does not bring them into the failure', async () => {
      const echo: Spoil = (response, _real, { headers }) =>
        response.writeHead(500, { 'content-type': 'text/html' }).end(`<h1>Oops</h1><pre>${JSON.stringify(headers)}</pre>`);
      between.spoil(() => true, echo);
      const failure = await failureOf(desk.getTicket(id));
      expect(failure).toMatchObject({ kind: 'unavailable', status: 500 });
      expect(failure.message).toContain('Oops');
      tame(failure);
      const { authorization = '' } = between.asked[0]?.headers ?? {};
      const [, credential = authorization] = authorization.split(' ');
      if (credential !== '') expect(failure.message).not.toContain(credential);
    });

    test.each([301, 302, 307, 308])('a redirect (%i) to another host is not followed', async (status) => {
      const away: Spoil = (response, _real, { path }) => response.writeHead(status, { location: `${elsewhere?.url}${path}` }).end();
      between.spoil(() => true, away);
      expect((await failureOf(desk.getTicket(id))).kind).toBe('surprise');
      const failure = await failureOf(bench.connect(bench.premises.credentials, { url: between.url }).deleteTicket(id, bench.newKey()));
      // A look before the write tells that nothing was sent; the write's own answer tells nothing.
      expect(['surprise', 'unavailable']).toContain(failure.kind);
      expect(elsewhere?.asked).toEqual([]);
    });

    test('ten megabytes are read; without a bound they are not', async () => {
      const expected = await desk.getTicket(id);
      const padded = (bytes: number): Spoil => (response, real) => pass(response, real, Buffer.concat([real.body, Buffer.alloc(bytes, ' ')]));
      between.spoil(({ method }) => method === 'GET', padded(10 * MB));
      expect(await desk.getTicket(id)).toEqual(expected);
      between.spoil(({ method }) => method === 'GET', padded(20 * MB));
      expect((await failureOf(desk.getTicket(id))).kind).toBe('surprise');
    });

    test('an id beyond 2^53 stays as it is, digit by digit', async () => {
      const long = id.replace(/[0-9a-z]+$/i, BEYOND);
      const real = new RegExp(`(?<![\\w.-])${id}(?![\\w-])`, 'g');
      between.rewrite((path) => path.replaceAll(long, id));
      between.spoil(({ method }) => method === 'GET', (response, answer) => pass(response, answer, answer.body.toString('utf8').replace(real, long)));
      expect((await desk.getTicket(long)).id).toBe(long);
      expect((await desk.listTickets(null)).items.map((ticket) => ticket.id)).toEqual([long]);
      expect((await desk.changes(null, Date.now() - 60_000)).items.map(({ ticketId }) => ticketId)).toEqual([long]);
    });

    test('times with an offset and nine fractional digits are the same times', async () => {
      const expected = await desk.getTicket(id);
      let changed = 0;
      const odd = (text: string): string =>
        text.replace(/(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|\+00:00)/g, (_time, whole: string, fraction = '') => {
          changed += 1;
          const there = new Date(Date.parse(`${whole}Z`) + 2 * 3_600_000).toISOString().slice(0, 19);
          return `${there}.${fraction.padEnd(9, '0').slice(0, 8)}1+02:00`;
        });
      between.spoil(({ method }) => method === 'GET', (response, answer) => pass(response, answer, odd(answer.body.toString('utf8'))));
      const seen = await desk.getTicket(id);
      expect(changed).toBeGreaterThan(0);
      for (const name of ['created_at', 'modified_at'] as const) {
        expect(seen[name]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/);
        expect(Date.parse(seen[name] ?? '')).toBe(Date.parse(expected[name] ?? ''));
      }
      expect(shown(seen)).toEqual(shown(expected));
    });

    test('a desk whose clock stands in the past says how long to wait all the same', async () => {
      const past: Spoil = (response) =>
        response.writeHead(503, { date: 'Sun, 01 Jan 2012 00:00:00 GMT', 'retry-after': 'Sun, 01 Jan 2012 00:00:30 GMT' }).end();
      between.spoil(() => true, past);
      const before = Date.now();
      const failure = await failureOf(desk.getTicket(id));
      expect(failure.kind).toBe('throttled');
      expect(Math.abs((failure.retryAt ?? 0) - before - 30_000)).toBeLessThan(5_000);
    });

    describe('a list whose first page comes again and again', () => {
      const repeat = (): Spoil => {
        const first = new Map<string, Buffer>();
        return (response, real, { path }) => {
          const [place = path] = path.split('?');
          if (!first.has(place)) first.set(place, real.body);
          pass(response, real, first.get(place));
        };
      };
      const lists = ({ method }: Asked): boolean => method === 'GET';

      /** Turns pages until the connector has had enough. */
      const ends = async (read: (page: string | null) => Promise<Page<unknown>>): Promise<void> => {
        let page: string | null = null;
        for (let turn = 0; turn < MANY_TURNS; turn += 1) {
          const found: Page<unknown> | DeskFailure = await read(page).catch((error: unknown) => {
            if (error instanceof DeskFailure) return error;
            throw error;
          });
          if (found instanceof DeskFailure) return expect(found.kind).toBe('surprise');
          page = found.next;
          if (page === null) return;
        }
        // The token counts the pages that were turned: there is a last one.
        const late = String(page).replace(/^\d+:/, '10000:');
        expect(late).not.toBe(page);
        expect((await failureOf(read(late))).kind).toBe('surprise');
      };

      test('ends, for tickets, changes and the search for our own', async () => {
        for (let i = 0; i < 12; i += 1) await Promise.all(Array.from({ length: 10 }, () => bench.create()));
        between.spoil(lists, repeat());
        await ends((page) => desk.listTickets(page));
        let cursor: string | null = null;
        let calls = 0;
        const drained = await (async (): Promise<string> => {
          for (; calls < MANY_TURNS; calls += 1) {
            const { cursor: next, more } = await desk.changes(cursor, 0);
            if (!more) return 'ended';
            if (next === cursor) return 'stands still';
            cursor = next;
          }
          return 'goes on';
        })().catch((error: unknown) => (error instanceof DeskFailure ? error.kind : String(error)));
        expect(drained).toMatch(/^(ended|surprise)$/);
        const found = await desk.find(bench.newKey(), { sentAt: 0 }).catch((error: unknown) => (error instanceof DeskFailure ? error.kind : error));
        expect([null, 'surprise', 'unavailable']).toContain(found);
      });

      test('ends, for comments', async () => {
        if (!desk.can.comments.list) return;
        for (let i = 0; i < 105; i += 1) await bench.desk.createComment(id, { content: `<p>No ${i}</p>`, public: false }, bench.newKey());
        between.spoil(lists, repeat());
        await ends((page) => desk.listComments(id, page));
      });
    });
  });
}

/** What of the credentials must be seen nowhere. */
function secretsOf({ premises }: Bench): readonly string[] {
  return Object.entries(premises.credentials)
    .filter(([name, value]) => !['email', 'workspace', 'client_id'].includes(name) && value.length >= 8)
    .map(([, value]) => value);
}
