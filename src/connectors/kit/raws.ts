/** The desk's own objects behind what was read from them, remembered for as long as the readings live. */

export interface Raws {
  /** Gives `reading` back. */
  keep<T extends object>(reading: T, raw: unknown): T;
  /** Undefined for what was not read here. */
  of(reading: object): unknown;
}

export function openRaws(): Raws {
  const known = new WeakMap<object, unknown>();
  return {
    keep(reading, raw) {
      known.set(reading, raw);
      return reading;
    },
    of: (reading) => known.get(reading),
  };
}
