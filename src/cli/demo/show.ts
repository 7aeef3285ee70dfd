/** How the demo is told: prose with a little colour, or JSON lines. */
import type { SandboxDesk } from '../../sandbox/index.ts';
import { commandFor } from './agents.ts';
import { BOT, type Change } from './changes.ts';
import type { Problem, Verdict } from './judge.ts';
import { seconds } from './story.ts';
import { tableOf, type Row } from './table.ts';
import type { DeskView } from './views.ts';

export interface Show {
  starting(): void;
  started(desks: readonly SandboxDesk[], url: string): void;
  chapter(title: string): void;
  change(change: Change): void;
  aside(desk: string | null, text: string): void;
  outcome(rows: readonly Row[], problems: readonly Problem[], views: readonly DeskView[]): void;
  /** The very last line of a run that ends by itself. */
  verdict(verdict: Verdict): void;
  goOn(desks: readonly SandboxDesk[]): void;
  stopping(): void;
}

export interface ShowOptions {
  readonly json: boolean;
  readonly colour: boolean;
  print(line: string): void;
}

export function createShow(options: ShowOptions): Show {
  return options.json ? inJson(options.print) : inProse(options);
}

const wordsOf = ({ desk, subject, what }: Problem): string => `${desk === '' ? '' : `${desk}: `}${subject === '' ? '' : `“${subject}” `}${what}`;
/** How often Deskmesh wrote on a desk; setting its webhook up is not counted. */
const writesOn = ({ writes }: DeskView): number => writes.filter(({ by, path }) => by === BOT && !path.includes('/webhooks')).length;
const listed = (credentials: Readonly<Record<string, string>>): string =>
  Object.entries(credentials).map(([name, value]) => `${name} ${value}`).join(', ');

const DESK_WIDTH = 10;
const BY_WIDTH = 10;

function inProse({ colour, print }: ShowOptions): Show {
  const paint = (code: string) => (text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const [bold, dim, red, green, yellow, cyan] = [paint('1'), paint('2'), paint('31'), paint('32'), paint('33'), paint('36')];
  let began = performance.now();
  let chapters = 0;
  const line = (who: string, text: string): void => print(`${dim(seconds(performance.now() - began).padStart(7))}  ${who}  ${text}`);
  const names = (desk: string | null, by: string): string => `${(desk ?? '').padEnd(DESK_WIDTH)} ${by.padEnd(BY_WIDTH)}`;

  return {
    starting: () => print('Starting three fake help desks, a database and Deskmesh, all on this machine …'),
    started(desks, url) {
      began = performance.now();
      for (const desk of desks) print(`  ${desk.service.padEnd(DESK_WIDTH)} ${desk.url}`);
      print(`  ${'Deskmesh'.padEnd(DESK_WIDTH)} ${url}`);
      print('Below: when, on which desk, who, what. It is read from the desks, not from Deskmesh.');
    },
    chapter(title) {
      chapters += 1;
      print('');
      print(bold(`${chapters}. ${title}`));
    },
    change({ desk, by, subject, what }) {
      line((by === 'Deskmesh' ? cyan : bold)(names(desk, by)), `“${subject}”: ${what}`);
    },
    aside: (desk, text) => line(yellow(names(desk, '')), yellow(text)),
    outcome(rows, problems, views) {
      print('');
      for (const text of tableOf(rows)) print(text.endsWith(' NO') ? red(text) : text);
      print('');
      print(`Writes by Deskmesh: ${views.map((view) => `${view.desk} ${writesOn(view)}`).join(', ')}.`);
      for (const problem of problems) print(red(`wrong: ${wordsOf(problem)}`));
    },
    verdict: ({ wanted, mirrored }) => print((mirrored === wanted ? green : red)(`demo: ${mirrored} of ${wanted} mirrored`)),
    goOn(desks) {
      print('');
      print(bold('The desks stay open until Ctrl-C, and whatever changes on one of them is shown here. From another terminal:'));
      for (const desk of desks) {
        print('');
        print(`${desk.service} at ${desk.url}; an agent’s credentials: ${listed(desk.human)}`);
        print(`  ${commandFor(desk)}`);
      }
      print('');
    },
    stopping: () => print(dim('stopping …')),
  };
}

function inJson(print: (line: string) => void): Show {
  let began = performance.now();
  let chapters = 0;
  const say = (value: object): void => print(JSON.stringify(value));
  const at = (): number => Math.round(performance.now() - began);
  return {
    starting: () => undefined,
    started(desks, url) {
      began = performance.now();
      for (const { service, url: at, human } of desks) say({ desk: { service, url: at, human } });
      say({ ready: { url } });
    },
    chapter(title) {
      chapters += 1;
      say({ chapter: { number: chapters, title } });
    },
    change: (change) => say({ change: { at_ms: at(), ...change } }),
    aside: (desk, text) => say({ aside: { at_ms: at(), desk, text } }),
    outcome(rows, problems, views) {
      for (const row of rows) say({ ticket: row });
      say({ writes: Object.fromEntries(views.map((view) => [view.desk, writesOn(view)])) });
      for (const problem of problems) say({ problem });
    },
    verdict: ({ wanted, mirrored }) => say({ demo: { mirrored, of: wanted } }),
    goOn: () => undefined,
    stopping: () => undefined,
  };
}
