import { describe, expect, test } from '@jest/globals';
import type { Blame } from '../../../src/connectors/freshdesk/complaints.ts';
import { blamesOf } from '../../../src/connectors/freshdesk/complaints.ts';
import { leaveOutBlamed, sendCorrected } from '../../../src/connectors/freshdesk/correct.ts';
import { answerOf, judge } from '../../../src/connectors/kit/failure.ts';
import { DeskFailure } from '../../../src/ports/connector.ts';

const blame = (key: string, code = 'invalid_value', more: Partial<Blame> = {}): Blame => ({ key, custom: key.startsWith('cf_'), code, message: 'not good', holder: null, ...more });
const BODY = { subject: 'x', type: 'Task', group_id: 7, due_by: 'd', fr_due_by: 'd', tags: ['t'], custom_fields: { cf_a: 1, cf_b: null } };
const attempt = { body: BODY, warnings: [] };
const create = { defaults: {}, update: false };
const update = { defaults: {}, update: true };

function refusal(body: unknown, status = 400): DeskFailure {
  const answer = { status, headers: {}, text: JSON.stringify(body), body };
  return judge(answer, {}, { service: 'freshdesk', write: true, now: 0, scrub: (text) => text });
}

describe('what is refused by name', () => {
  test.each<[string, readonly Blame[], readonly string[]]>([
    ['a type', [blame('type')], ['type']],
    ['one of two due dates', [blame('fr_due_by')], ['due_by', 'fr_due_by']],
    ['a group and a custom field', [blame('group_id'), blame('cf_a')], ['group_id', 'cf_a']],
    ['the emptying of a field that must be filled', [blame('cf_b')], ['cf_b']],
  ])('%s is left out, and nothing else', (_what, blames, gone) => {
    const next = leaveOutBlamed(attempt, blames, create);
    const { custom_fields: custom, ...own } = next?.body ?? {};
    const left = [...Object.keys(own), ...Object.keys(custom ?? {})];
    expect(left.sort()).toEqual([...Object.keys(BODY).filter((key) => key !== 'custom_fields'), 'cf_a', 'cf_b'].filter((key) => !gone.includes(key)).sort());
    expect(next?.warnings.length).toBeGreaterThan(0);
  });

  test('without custom fields there is no empty object of them', () => {
    expect(leaveOutBlamed(attempt, [blame('cf_a'), blame('cf_b')], create)?.body).not.toHaveProperty('custom_fields');
  });

  test.each<[string, readonly Blame[]]>([
    ['the subject', [blame('subject')]],
    ['our mark among the tags', [blame('tags')]],
    ['a field that is lacking', [blame('cf_c', 'missing_field')]],
    ['a field that is there and lacking', [blame('cf_a', 'missing_field')]],
    ['anything beside what could be left out', [blame('type'), blame('subject')]],
    ['nothing', []],
  ])('a create stands or falls with %s', (_what, blames) => {
    expect(leaveOutBlamed(attempt, blames, create)).toBeNull();
  });

  test('an update leaves out what cannot be written at all, but not what is only bad', () => {
    expect(leaveOutBlamed(attempt, [blame('subject', 'incompatible_field')], update)?.body).not.toHaveProperty('subject');
    expect(leaveOutBlamed(attempt, [blame('subject')], update)).toBeNull();
  });

  test('what is lacking has the default once', () => {
    const filling = { defaults: { cf_c: 'none', type: 'Other', cf_b: 2 }, update: false };
    const next = leaveOutBlamed({ body: { subject: 'x', custom_fields: { cf_b: null } }, warnings: [] }, [blame('cf_c', 'missing_field'), blame('type', 'missing_field'), blame('cf_b')], filling);
    expect(next?.body).toEqual({ subject: 'x', type: 'Other', custom_fields: { cf_b: 2, cf_c: 'none' } });
    expect(leaveOutBlamed({ body: next?.body ?? {}, warnings: [] }, [blame('cf_c')], filling)).toBeNull();
  });
});

describe('sending', () => {
  const answer = { status: 200, headers: {}, text: '', body: {} };

  test('goes on only after a refusal, a few times, and only while there is time', async () => {
    let sent = 0;
    const again = () => ({ body: {}, warnings: [] });
    const refused = refusal({ description: 'x', errors: [] });
    const failing = (failure: DeskFailure) => () => ((sent += 1), Promise.reject(failure));
    await expect(sendCorrected(attempt, failing(refused), again, () => true)).rejects.toBe(refused);
    expect(sent).toBe(4);
    sent = 0;
    await expect(sendCorrected(attempt, failing(refused), again, () => false)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(sent).toBe(1);
    for (const [kind, status] of [['unsure', 500], ['throttled', 429], ['unsure', null]] as const) {
      sent = 0;
      await expect(sendCorrected(attempt, failing(new DeskFailure(kind, 'x', { status })), again, () => true)).rejects.toMatchObject({ kind });
      expect(sent).toBe(1);
    }
    expect((await sendCorrected(attempt, () => Promise.resolve(answer), again, () => true)).attempt).toBe(attempt);
  });

  test('the answer of a failure is kept apart from it, and blames are read from refusals only', () => {
    const errors = [{ field: 'custom_fields.cf_a', code: 'invalid_value', message: 'bad' }, { field: 'email', code: 'duplicate_value', message: 'taken', additional_info: { user_id: 7 } }];
    const failure = refusal({ description: 'x', errors }, 409);
    expect(JSON.stringify(failure)).not.toContain('additional_info');
    expect(answerOf(failure)?.status).toBe(409);
    expect(answerOf(new DeskFailure('refused', 'x'))).toBeUndefined();
    expect(blamesOf(failure)).toEqual([blame('cf_a', 'invalid_value', { message: 'bad' }), blame('email', 'duplicate_value', { message: 'taken', holder: '7' })]);
    expect(blamesOf(refusal({ errors: [{ code: 'x' }] }))).toEqual([]);
    expect(blamesOf(refusal({ errors }, 500))).toEqual([]);
    expect(blamesOf(refusal('<html>', 400))).toEqual([]);
  });
});
