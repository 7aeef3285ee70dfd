/** The samples of the Zapier app: the examples of the events' own schemas, since an app that is pushed to Zapier carries its own files only. */
import { readdirSync, readFileSync } from 'node:fs';

const SCHEMAS = new URL('../../schemas/events/', import.meta.url);

export function zapierSamples(): string {
  const samples = readdirSync(SCHEMAS).filter((name) => name.endsWith('.json')).sort().map((name): [string, unknown] => {
    const { examples } = JSON.parse(readFileSync(new URL(name, SCHEMAS), 'utf8')) as { readonly examples: readonly unknown[] };
    return [name.replace(/\.json$/, ''), examples[0]];
  });
  return `${JSON.stringify(Object.fromEntries(samples), null, 2)}\n`;
}
