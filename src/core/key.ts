/** Keys: how Deskmesh recognises its own writes on a desk. */
import { hash } from 'node:crypto';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/**
 * A key for one write, the same for the same parts: 16 characters of base32, 80 bits, after `dm-`.
 * Short and plain enough to be a tag, an external id, an idempotency key or a word in a text.
 */
export function keyOf(...parts: readonly (string | number)[]): string {
  const digest = hash('sha256', parts.join('\u0000'), 'buffer');
  let out = '';
  for (let i = 0; i < 10; i += 5) {
    let bits = digest.readUIntBE(i, 5);
    let word = '';
    for (let j = 0; j < 8; j += 1) {
      word = ALPHABET.charAt(bits % 32) + word;
      bits = Math.floor(bits / 32);
    }
    out += word;
  }
  return `dm-${out}`;
}

/** A UUID, the same for the same parts (version 8: of a kind of its own). */
export function uuidOf(...parts: readonly (string | number)[]): string {
  const digits = hash('sha256', parts.join('\u0000'), 'hex');
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}

/** Matches a key as a whole string. */
export const KEY_PATTERN = /^dm-[a-z2-7]{16}$/;
