/**
 * A style value at one zoom for one kind of feature, for drawing legend swatches. It knows the part of the expression
 * language that municipal styles use; anything else falls back to the default that the caller names.
 */
export interface Circumstance {
  zoom: number;
  properties: Record<string, unknown>;
}

type Expression = [string, ...unknown[]];
const isExpression = (value: unknown): value is Expression => Array.isArray(value) && typeof value[0] === 'string';

export function evaluate(value: unknown, at: Circumstance): unknown {
  if (!isExpression(value)) return isStops(value) ? curve(value.stops.flat(), at.zoom, at) : value;
  const [name, ...args] = value;
  const of = (i: number) => evaluate(args[i], at);
  switch (name) {
    case 'literal': return args[0];
    case 'zoom': return at.zoom;
    case 'get': return at.properties[String(of(0))] ?? null;
    case 'has': return String(of(0)) in at.properties;
    case 'geometry-type': return null;
    case 'interpolate': return curve(args.slice(2), Number(of(1)), at, baseOf(args[0]));
    case 'step': return step(args.slice(1), Number(of(0)), at);
    case 'match': return match(args, at);
    case 'case': return cases(args, at);
    case 'coalesce': return args.map((_, i) => of(i)).find((result) => result !== null && result !== undefined);
    case 'to-number': case 'number': case 'to-string': case 'string': case 'to-color': return of(0);
    case '*': return args.reduce<number>((product, _, i) => product * Number(of(i)), 1);
    case '+': return args.reduce<number>((sum, _, i) => sum + Number(of(i)), 0);
    case '-': return args.length === 1 ? -Number(of(0)) : Number(of(0)) - Number(of(1));
    case '/': return Number(of(0)) / Number(of(1));
    case 'min': return Math.min(...args.map((_, i) => Number(of(i))));
    case 'max': return Math.max(...args.map((_, i) => Number(of(i))));
    case '==': return of(0) === of(1);
    case '!=': return of(0) !== of(1);
    case '>': return Number(of(0)) > Number(of(1));
    case '>=': return Number(of(0)) >= Number(of(1));
    case '<': return Number(of(0)) < Number(of(1));
    case '<=': return Number(of(0)) <= Number(of(1));
    case '!': return !of(0);
    case 'all': return args.every((_, i) => Boolean(of(i)));
    case 'any': return args.some((_, i) => Boolean(of(i)));
    case 'in': return inside(of(0), of(1));
    default: return undefined;
  }
}

const isStops = (value: unknown): value is { stops: [number, unknown][] } =>
  typeof value === 'object' && value !== null && Array.isArray((value as { stops?: unknown }).stops);

const inside = (needle: unknown, hay: unknown) =>
  Array.isArray(hay) ? hay.includes(needle) : typeof hay === 'string' && hay.includes(String(needle));

/** Of `["exponential", base]`; a Bézier curve is drawn straight. */
const baseOf = (kind: unknown) => (Array.isArray(kind) && kind[0] === 'exponential' ? Number(kind[1]) : 1);

/** Numbers are interpolated; anything else takes the nearest stop below. */
function curve(stops: unknown[], input: number, at: Circumstance, base = 1): unknown {
  const pairs: [number, unknown][] = [];
  for (let i = 0; i + 1 < stops.length; i += 2) pairs.push([Number(stops[i]), stops[i + 1]]);
  const upper = pairs.findIndex(([stop]) => stop > input);
  if (upper < 0) return evaluate(pairs.at(-1)?.[1], at);
  if (upper === 0) return evaluate(pairs[0]?.[1], at);
  const [[x0, y0], [x1, y1]] = [pairs[upper - 1]!, pairs[upper]!];
  const [low, high] = [evaluate(y0, at), evaluate(y1, at)];
  const along = base === 1 ? (input - x0) / (x1 - x0) : (base ** (input - x0) - 1) / (base ** (x1 - x0) - 1);
  return typeof low === 'number' && typeof high === 'number' ? low + (high - low) * along : low;
}

function step(outputs: unknown[], input: number, at: Circumstance): unknown {
  let result = outputs[0];
  for (let i = 1; i + 1 < outputs.length; i += 2) if (input >= Number(outputs[i])) result = outputs[i + 1];
  return evaluate(result, at);
}

function match(args: unknown[], at: Circumstance): unknown {
  const input = evaluate(args[0], at);
  for (let i = 1; i + 1 < args.length; i += 2) {
    const label = args[i];
    if (Array.isArray(label) ? label.includes(input) : label === input) return evaluate(args[i + 1], at);
  }
  return evaluate(args.at(-1), at);
}

function cases(args: unknown[], at: Circumstance): unknown {
  for (let i = 0; i + 1 < args.length; i += 2) if (evaluate(args[i], at)) return evaluate(args[i + 1], at);
  return evaluate(args.at(-1), at);
}

/** Properties that a feature must have to pass a filter, as far as it says so by equality or a list of values. */
export function propertiesOf(filter: unknown): Record<string, unknown> {
  if (!isExpression(filter)) return {};
  const [name, ...args] = filter;
  if (name === 'all') return Object.assign({}, ...args.map(propertiesOf)) as Record<string, unknown>;
  const key = isExpression(args[0]) && args[0][0] === 'get' ? String(args[0][1]) : typeof args[0] === 'string' ? args[0] : undefined;
  if (key === undefined || key.startsWith('$')) return {};
  if (name === '==') return { [key]: args[1] };
  if (name === 'in' || name === 'match') {
    const list = isExpression(args[1]) && args[1][0] === 'literal' ? args[1][1] : Array.isArray(args[1]) ? args[1] : args.slice(1);
    const first = Array.isArray(list) ? list[0] : undefined;
    return first === undefined ? {} : { [key]: first };
  }
  return {};
}
