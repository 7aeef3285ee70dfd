import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { settingsTable } from '../../src/config.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

test('the README shows the settings as the code has them', () => {
  const shown = /<!-- settings -->\n([\s\S]*?)<!-- \/settings -->/.exec(readme)?.[1];
  expect(shown?.trim()).toBe(settingsTable());
});
