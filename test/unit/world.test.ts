import { describe, expect, test } from '@jest/globals';
import { createWorld, idSource } from '../../src/world.ts';

function logged(task: (log: ReturnType<typeof createWorld>['log']) => void, pretty = false, level: 'debug' | 'info' = 'debug'): readonly string[] {
  const lines: string[] = [];
  task(createWorld({ level, pretty, sink: { write: (line) => void lines.push(line) } }).log);
  return lines;
}

function fields(task: (log: ReturnType<typeof createWorld>['log']) => void): Record<string, unknown> {
  return JSON.parse(logged(task)[0] ?? 'null') as Record<string, unknown>;
}

describe('ids', () => {
  test('are UUIDs of version 7 that carry the time', () => {
    const id = idSource(() => 0x0123456789ab)();
    expect(id).toMatch(/^01234567-89ab-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test('grow and never repeat, within a millisecond and when the clock goes back', () => {
    let now = 1_000_000;
    const next = idSource(() => now);
    const ids: string[] = [];
    for (let at = 0; at < 20_000; at += 1) {
      if (at === 10_000) now -= 500;
      ids.push(next());
    }
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.toSorted()).toEqual(ids);
  });
});

describe('the log', () => {
  test('writes JSON lines of an event and its fields', () => {
    expect(fields((log) => log.info('receipt.accepted', { account: 'support', level: 3 }))).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      pid: process.pid,
      msg: 'receipt.accepted',
      account: 'support',
      level_: 3,
    });
  });

  test('leaves out what is below its level', () => {
    expect(logged((log) => log.debug('x'), false, 'info')).toEqual([]);
  });

  test('masks what is named like a secret, at any depth and in any spelling', () => {
    const line = JSON.stringify(
      fields((log) =>
        log.warn('x', {
          authorization: 'geheim',
          headers: { 'X-Api-Key': 'geheim', cookie: 'geheim' },
          account: { credentials: { email: 'geheim' }, list: [{ access_token: 'geheim', hookToken: 'geheim', PASSWORD: 'geheim' }] },
          monkey: 'shown',
        }),
      ),
    );
    expect(line).not.toContain('geheim');
    expect(line).toContain('shown');
  });

  test('shows an error by its own words, its cause too, and none of its other properties', () => {
    const error = Object.assign(new Error('outer', { cause: new TypeError('inner') }), { code: 'E1', request: 'geheim' });
    const line = fields((log) => log.error('x', { error }));
    expect(line).toMatchObject({ error: { type: 'Error', message: 'outer', code: 'E1', cause: { type: 'TypeError', message: 'inner' } } });
    expect(JSON.stringify(line)).not.toContain('geheim');
  });

  test('survives cycles, buffers and big integers', () => {
    const cycle: Record<string, unknown> = { body: Buffer.from('geheim'), big: 10n };
    cycle['self'] = cycle;
    expect(fields((log) => log.info('x', cycle))).toMatchObject({ body: '[6 bytes]', big: '10' });
  });

  test('is readable for a person', () => {
    expect(logged((log) => log.info('sweep.done', { account: 'support', found: [1] }), true)).toEqual([
      expect.stringMatching(/^\d\d:\d\d:\d\d INFO {2}sweep\.done account=support found=\[1\]\n$/),
    ]);
  });
});

describe('sleep', () => {
  const { sleep } = createWorld({ level: 'silent' });

  test('ends at once when it is called off, before or meanwhile', async () => {
    await sleep(1e12, AbortSignal.abort());
    const controller = new AbortController();
    const slept = sleep(1e12, controller.signal);
    controller.abort();
    await slept;
  });

  test('ends by itself', () => sleep(1));
});
