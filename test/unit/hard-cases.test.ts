import { describe, expect, test } from '@jest/globals';
import { connectors } from '../../src/connectors/index.ts';
import { hardCasesOf, titlesOfTests } from '../docs/hard-cases.ts';

describe('the hard cases of the vendors', () => {
  test('are listed for every service', () => {
    expect(Object.keys(connectors).filter((service) => hardCasesOf(service) === null)).toEqual([]);
  });

  test('name tests that exist, as they stand in the sources', () => {
    const titles = titlesOfTests();
    const lost = Object.keys(connectors).flatMap((service) =>
      (hardCasesOf(service) ?? []).filter(({ test: title }) => title !== undefined && !titles.has(title)).map(({ number, test: title }) => `${service} ${number}: ${title}`),
    );
    expect(lost).toEqual([]);
  });

  test('are found by their titles only: a title that nobody has is not there', () => {
    const titles = titlesOfTests();
    expect(titles).toContain('name tests that exist, as they stand in the sources');
    expect(titles).toContain('%s leaves a write unsure');
    expect(titles).not.toContain('the hard cases of the vendors');
  });
});
