/** What operators do beside a running mesh, put together. */
import type { Records } from '../ports/api.ts';
import type { Connector } from '../ports/connector.ts';
import type { ParkedStore, Survey } from '../ports/repair.ts';
import type { AccountStore, LaneStore } from '../ports/store.ts';
import type { World } from '../ports/world.ts';
import { createExplain, type Explain } from './explain.ts';
import { createNaming, type Naming } from './naming.ts';
import { createRehearsal } from './rehearse.ts';
import { createRelease, type Release } from './release.ts';
import { createRepair, type Repair } from './repair.ts';
import { createReplay, type Replay } from './replay.ts';
import type { Roster } from './roster.ts';

export interface Operator {
  readonly naming: Naming;
  readonly explain: Explain['explain'];
  readonly replay: Replay;
  readonly release: Release;
  readonly repair: Repair;
}

export interface OperatorPorts {
  readonly store: {
    readonly lanes: LaneStore;
    readonly accounts: Pick<AccountStore, 'releaseDeletions' | 'releaseRules'>;
    readonly survey: Survey;
    readonly parked: ParkedStore;
    readonly records: Records;
  };
  readonly roster: Roster;
  readonly connectors: Readonly<Record<string, Connector>>;
  readonly world: World;
}

export function createOperator({ store, roster, connectors, world }: OperatorPorts): Operator {
  const { survey, lanes, accounts, parked, records } = store;
  const naming = createNaming({ survey, accounts: roster });
  const rehearsal = createRehearsal({ survey, lanes, roster, world });
  const replay = createReplay({ records, roster, connectors, rehearsal, world });
  return {
    naming,
    explain: createExplain({ survey, records, naming, roster, world }).explain,
    replay,
    release: createRelease({ parked, records, naming, replay, roster, accounts, lanes, world }),
    repair: createRepair({ survey, lanes, parked, world }),
  };
}
