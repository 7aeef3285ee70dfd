/**
 * Zapier's own app tester, in a process of its own, since it wraps the HTTP of the one that it runs in. A line of JSON in:
 * `{id, func, bundle}`, where `func` is the place of a function in the definition, or null to have the definition itself checked. A
 * line out: `{id, result}`, or `{id, error}`.
 */
import { createInterface } from 'node:readline';
import zapier from 'zapier-platform-core';
import app from '../../../integrations/zapier/src/index.ts';

interface Task {
  readonly id: number;
  readonly func: string | null;
  readonly bundle: object;
}

const tester = zapier.createAppTester(app) as unknown as (func: unknown, bundle: object) => Promise<unknown>;
const { createAppHandler } = zapier as unknown as { createAppHandler(definition: object): (event: object) => Promise<{ readonly results: unknown }> };

async function done({ func, bundle }: Task): Promise<unknown> {
  if (func === null) return (await createAppHandler(app)({ command: 'validate' })).results;
  return tester(func.split('.').reduce<unknown>((part, name) => Reflect.get(Object(part), name) as unknown, app), bundle);
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const task = JSON.parse(line) as Task;
  done(task).then(
    (result) => process.stdout.write(`${JSON.stringify({ id: task.id, result })}\n`),
    (error: unknown) => process.stdout.write(`${JSON.stringify({ id: task.id, error: { name: Reflect.get(Object(error), 'name'), message: Reflect.get(Object(error), 'message') } })}\n`),
  );
});
