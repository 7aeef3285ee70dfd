import { describe, expect, test } from '@jest/globals';
import { connectors } from '../../src/connectors/index.ts';
import { filesFor, hardCasesOf, titlesOfTests } from '../docs/hard-cases.ts';

const SERVICES = Object.keys(connectors);

describe('the hard cases of the vendors', () => {
  test('are listed for every service', () => {
    expect(SERVICES.filter((service) => hardCasesOf(service) === null)).toEqual([]);
  });

  test('name tests that exist, of the service itself or of what is the same for all', () => {
    const titles = titlesOfTests();
    const lost = SERVICES.flatMap((service) =>
      (hardCasesOf(service) ?? [])
        .filter(({ test: title }) => title !== undefined && filesFor(service, titles.get(title) ?? [], SERVICES).length === 0)
        .map(({ number, test: title }) => `${service} ${number}: ${title}`),
    );
    expect(lost).toEqual([]);
  });

  test('are not proven by what another service does', () => {
    const files = ['test/contract/connectors/cases/zendesk-classic.json', 'test/unit/connectors/helpdesk-more.test.ts'];
    expect(filesFor('zendesk', files, SERVICES)).toEqual([]);
    expect(filesFor('helpdesk', files, SERVICES)).toEqual(files.slice(1));
    expect(filesFor('helpdesk', [...files, 'test/unit/feed.test.ts'], SERVICES)).toEqual(files.slice(1));
    expect(filesFor('zendesk', [...files, 'test/unit/feed.test.ts'], SERVICES)).toEqual(['test/unit/feed.test.ts']);
  });

  test('are found by their titles only: a title that nobody has is not there', () => {
    const titles = titlesOfTests();
    expect(titles.get('name tests that exist, of the service itself or of what is the same for all')).toEqual(['test/unit/hard-cases.test.ts']);
    expect(titles.get('%s leaves a write unsure')).toEqual(['test/contract/connectors/suite-answers.ts']);
    expect(titles.has('the hard cases of the vendors')).toBe(false);
  });
});
