/** `deskmesh explain`: everything that came in, was decided, written and answered for one ticket. */
import { AppError } from '../errors.ts';
import type { Environment } from '../config.ts';
import { beside } from './beside.ts';
import { explainJson, explainText } from './explain-text.ts';

export async function explainCommand(name: string, options: { readonly json: boolean }, env: Environment, print: (line: string) => void): Promise<void> {
  const told = await beside(env, ({ operator }) => operator.explain(name));
  if (typeof told === 'string') throw new AppError('not_found', `${name}: ${told}.`);
  for (const line of options.json ? explainJson(told) : explainText(told)) print(line);
}
