/** Pigeonhole's error bodies: `{"problem": "…", "at": "title"}`. */
import type { Complaint } from '../../../src/connectors/kit/failure.ts';
import type { Answer } from '../../../src/connectors/kit/http.ts';
import { maybe, object } from '../../../src/connectors/kit/shape.ts';

const readBody = maybe<{ readonly problem: string; readonly at?: string }>(object({ problem: { type: 'string' }, at: { type: 'string' } }, ['problem']));

export function complaints(answer: Answer): Complaint {
  const body = readBody(answer.body);
  return body === null ? {} : { message: body.problem, fields: body.at === undefined ? [] : [body.at] };
}
