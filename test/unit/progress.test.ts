import { describe, expect, test } from '@jest/globals';
import { createProgress, duration, progressLine } from '../../src/cli/progress.ts';

describe('progress', () => {
  test('is one line with a bar, a share, a rate and what is left, as far as these are known', () => {
    const line = { done: 50, all: 200, what: 'tickets', ms: 10_000, bar: true };
    expect(progressLine(line)).toBe('[######------------------]  25 %  50 of 200  tickets  5.0/s  about 30 s left');
    expect(progressLine({ ...line, bar: false, all: null })).toBe('50  tickets  5.0/s');
    expect(progressLine({ ...line, done: 0, ms: 0, bar: false })).toBe('0 %  0 of 200  tickets');
    expect(progressLine({ ...line, done: 300 })).toContain('[########################]  100 %');
    expect(progressLine({ ...line, all: 0, done: 0 })).toBe('0  tickets');
  });

  test('durations are told as people would', () => {
    expect([1, 89_000, 91_000, 3_600_000, 12_000_000].map(duration)).toEqual(['1 s', '89 s', '2 min', '60 min', '3 h 20 min']);
  });

  test('elsewhere than on a terminal it is a plain line now and then', () => {
    const written: string[] = [];
    let now = 0;
    const progress = createProgress({ now: () => now }, { write: (text: string | Uint8Array) => written.push(String(text)) > 0 });
    for (; now <= 25_000; now += 100) progress.show(now, 50_000, 'steps');
    progress.end();
    expect(written).toEqual(['20 %  10000 of 50000  steps  1000/s  about 40 s left\n', '40 %  20000 of 50000  steps  1000/s  about 30 s left\n']);
  });

  test('on a terminal the line is written over, fits the width, and goes when it is over', () => {
    let screen = '';
    let now = 0;
    const progress = createProgress({ now: () => now }, { isTTY: true, columns: 30, write: (text: string | Uint8Array) => ((screen += String(text)), true) });
    progress.show(1, 10, 'steps');
    progress.show(2, 10, 'steps');
    now = 200;
    progress.show(3, 10, 'steps');
    progress.end();
    const lines = screen.split('\u001b[1G').map((part) => part.replaceAll('\u001b[2K', ''));
    expect(lines).toEqual(['[##----------------------]  10', '[#######-----------------]  30', ''].map((line) => line.slice(0, 29)));
  });
});
