import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { AppError } from '../../src/errors.ts';
import { createSecretBox } from '../../src/store/secret-box.ts';
import { keptSecretKey } from '../../src/store/secret-key.ts';

const KEY = 'a key of thirty-two characters, 1';
const box = createSecretBox(KEY);
const other = createSecretBox('a key of thirty-two characters, 2');

function refusal(task: () => unknown): AppError {
  try {
    task();
  } catch (error) {
    if (error instanceof AppError) return error;
  }
  throw new Error('nothing was refused');
}

describe('a secret box', () => {
  test.each([[''], ['{"token":"geheim"}'], ['ü🎫'.repeat(1000)]])('opens what it sealed (%#)', (plain) => {
    const sealed = box.seal(plain, 'account 1');
    expect(sealed).toMatch(/^v1\.[\w-]{12}\.[\w-]+$/);
    expect(box.open(sealed, 'account 1')).toBe(plain);
    expect(createSecretBox(KEY).open(sealed, 'account 1')).toBe(plain);
  });

  test('seals the same text differently every time', () => {
    expect(new Set(Array.from({ length: 100 }, () => box.seal('x', 'c'))).size).toBe(100);
  });

  test('says that the key is wrong, and how to go on, without telling anything', () => {
    for (const error of [refusal(() => other.open(box.seal('geheim', 'c'), 'c')), refusal(() => other.expect(box.fingerprint()))]) {
      expect(error.code).toBe('configuration');
      expect(error.message).toMatch(/^SECRET_KEY is not the one .*secret\.key.*empty database/);
      expect(error.faults).toEqual([{ path: 'SECRET_KEY', message: expect.any(String) }]);
      expect(`${error.message}${error.cause}`).not.toMatch(/geheim|thirty-two/);
    }
  });

  test('has a fingerprint that is its key’s alone', () => {
    expect(createSecretBox(KEY).fingerprint()).toBe(box.fingerprint());
    expect(other.fingerprint()).not.toBe(box.fingerprint());
    expect(() => box.expect(box.fingerprint())).not.toThrow();
  });

  test('refuses what was moved, cut, changed or never sealed', () => {
    const sealed = box.seal('geheim', 'account 1');
    const changed = `${sealed.slice(0, -2)}${sealed.endsWith('AA') ? 'BB' : 'AA'}`;
    for (const [text, context] of [[sealed, 'account 2'], [changed, 'account 1'], [sealed.slice(0, 30), 'account 1'], ['', 'account 1'], ['geheim', 'account 1']] as const) {
      const error = refusal(() => box.open(text, context));
      expect(error.code).toBe('internal_error');
      expect(error.message).not.toContain('geheim');
    }
  });
});

describe('the key beside the bundled database', () => {
  async function inFolder(task: (folder: string) => Promise<void>): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'key-test-'));
    await task(folder).finally(() => rm(folder, { recursive: true }));
  }

  test('is made once, for its owner alone, and the same for all who ask at once', () =>
    inFolder(async (folder) => {
      const dataDir = join(folder, 'data');
      const keys = await Promise.all(Array.from({ length: 10 }, () => keptSecretKey(dataDir)));
      expect(new Set([...keys, await keptSecretKey(dataDir)]).size).toBe(1);
      expect(keys[0]).toHaveLength(44);
      expect(await readdir(dataDir)).toEqual(['secret.key']);
      expect((await stat(join(dataDir, 'secret.key'))).mode & 0o777).toBe(0o600);
    }));

  test('is never replaced when it is damaged', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'secret.key'), 'short\n');
      await expect(keptSecretKey(folder)).rejects.toThrow(/secret\.key is damaged; put the file back from a backup/);
      expect(await readFile(join(folder, 'secret.key'), 'utf8')).toBe('short\n');
    }));
});
