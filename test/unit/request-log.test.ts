import { expect, test } from '@jest/globals';
import { createRequestLog } from '../../src/http/request-log.ts';
import { fakeWorld } from '../support/hook-fixture.ts';

test('a line that is written within a request has its id, whoever writes it, and no other line has', async () => {
  const world = fakeWorld();
  const { log, within } = createRequestLog(world.log);
  const work = async (name: string): Promise<void> => {
    log.info(`${name}.began`);
    await Promise.resolve();
    log.warn(`${name}.ended`, { account: 'support' });
  };
  log.info('before');
  await Promise.all([within('r1', () => work('one')), within('r2', () => work('two')), work('none')]);
  log.debug('named', { request_id: 'r3' });
  const told = new Map(world.lines.map(({ event, fields }) => [event, fields]));
  expect(Object.fromEntries(told)).toEqual({
    before: {},
    'one.began': { request_id: 'r1' },
    'one.ended': { request_id: 'r1', account: 'support' },
    'two.began': { request_id: 'r2' },
    'two.ended': { request_id: 'r2', account: 'support' },
    'none.began': {},
    'none.ended': { account: 'support' },
    named: { request_id: 'r3' },
  });
});
