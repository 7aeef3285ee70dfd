/**
 * The tickets that a walk has come by, small enough to travel in a page token: their numbers in order, as the distances between
 * them, packed. Numbers of one desk lie close together, so thousands of them take little.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** What it travels in is sealed, which adds a third, and an address beyond 8,192 characters is more than usual proxies let through. */
const MOST_CHARS = 5_000;
const MOST_BYTES = 4 * 1024 * 1024;

/** Null if they are too many for a token. */
export function packed(numbers: ReadonlySet<string>): string | null {
  const sorted = [...numbers].map(BigInt).sort((a, b) => (a < b ? -1 : 1));
  const bytes: number[] = [];
  let before = 0n;
  for (const number of sorted) {
    for (let rest = number - before; ; rest >>= 7n) {
      bytes.push(Number(rest & 127n) + (rest > 127n ? 128 : 0));
      if (rest <= 127n) break;
    }
    before = number;
  }
  const text = deflateRawSync(Buffer.from(bytes)).toString('base64url');
  return text.length > MOST_CHARS ? null : text;
}

/** Null if this was not packed here; nothing stands for no number. */
export function unpacked(text: string): Set<string> | null {
  const numbers = new Set<string>();
  if (text === '') return numbers;
  try {
    let number = 0n;
    let shift = 0n;
    for (const byte of inflateRawSync(Buffer.from(text, 'base64url'), { maxOutputLength: MOST_BYTES })) {
      number += BigInt(byte & 127) << shift;
      shift += 7n;
      if (shift > 140n) return null;
      if (byte > 127) continue;
      numbers.add(String(number));
      shift = 0n;
    }
    return shift === 0n ? numbers : null;
  } catch {
    return null;
  }
}
