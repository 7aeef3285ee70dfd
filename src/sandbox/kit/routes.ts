/** Finds the route of a request: fixed segments before parameters, whatever the order of the list. */
import type { Route } from './desk.ts';

interface Node {
  readonly fixed: Map<string, Node>;
  parameter: Node | null;
  readonly routes: Map<string, { readonly route: Route; readonly names: readonly string[] }>;
}

export type Found =
  | { readonly route: Route; readonly params: Readonly<Record<string, string>> }
  /** The methods that this path knows; empty when the path is unknown. */
  | { readonly route: null; readonly allowed: readonly string[] };

const newNode = (): Node => ({ fixed: new Map(), parameter: null, routes: new Map() });

const decoded = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
};

export function createRoutes(routes: readonly Route[]): { find(method: string, path: string): Found } {
  const root = newNode();
  for (const route of routes) {
    let node = root;
    const names: string[] = [];
    for (const segment of route.path.split('/').slice(1)) {
      if (segment.startsWith(':')) {
        names.push(segment.slice(1));
        node = node.parameter ??= newNode();
      } else {
        let next = node.fixed.get(segment);
        if (!next) node.fixed.set(segment, (next = newNode()));
        node = next;
      }
    }
    if (node.routes.has(route.method)) throw new Error(`two routes for ${route.method} ${route.path}`);
    node.routes.set(route.method, { route, names });
  }

  const walk = (node: Node, segments: readonly string[], at: number, values: readonly string[]): { node: Node; values: readonly string[] } | null => {
    const segment = segments[at];
    if (segment === undefined) return node.routes.size > 0 ? { node, values } : null;
    const fixed = node.fixed.get(segment);
    const there = fixed ? walk(fixed, segments, at + 1, values) : null;
    if (there || !node.parameter || segment === '') return there;
    return walk(node.parameter, segments, at + 1, [...values, segment]);
  };

  return {
    find(method, path) {
      const there = walk(root, path.split('/').slice(1), 0, []);
      if (!there) return { route: null, allowed: [] };
      const found = there.node.routes.get(method);
      if (!found) return { route: null, allowed: [...there.node.routes.keys()] };
      const params: Record<string, string> = {};
      found.names.forEach((name, index) => (params[name] = decoded(there.values[index] ?? '')));
      return { route: found.route, params };
    },
  };
}
