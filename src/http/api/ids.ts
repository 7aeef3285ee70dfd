/**
 * Ids of the Help Desk API: a prefix and the desk's own id in unpadded base64url, `ticket_NjQ2MTUz` for 646153. They hold
 * nothing else, so the same object has the same id in every account that reaches its desk.
 */
import { apiId } from '../../core/api-id.ts';
import { isPlainId } from '../../engine/storable.ts';
import { AppError } from '../../errors.ts';

const KINDS = ['ticket', 'comment'] as const;
export type Kind = (typeof KINDS)[number];

export function idOf(kind: Kind, rawId: string): string {
  return apiId(kind, rawId);
}

/**
 * The desk's id. Throws `invalid_resource_type` for an id of another kind, `not_found` for one that cannot have come from
 * here: not base64url, not its one spelling, or not what a desk uses as an id.
 */
export function rawIdOf(kind: Kind, id: string): string {
  const other = KINDS.find((name) => id.startsWith(`${name}_`));
  if (other !== undefined && other !== kind) {
    throw new AppError('invalid_resource_type', `This is the id of a ${other}, and a ${kind} is asked for: its ids begin with ${kind}_.`);
  }
  const encoded = id.slice(kind.length + 1);
  const bytes = Buffer.from(encoded, 'base64url');
  const raw = bytes.toString('utf8');
  if (other === undefined || !isPlainId(raw) || idOf(kind, raw) !== id) {
    throw new AppError('not_found', `There is no such ${kind}: ids are ${kind}_ and the desk's own id in unpadded base64url.`);
  }
  return raw;
}
