import { describe, expect, it } from 'vitest';
import type { Feature } from 'geojson';
import type { Field } from '../src/api/contract';
import { differences, GEOMETRY } from '../src/editing/compare';
import { fromPoints, inserted, isDrawn, kindOf, kindsOf, middles, moved, removed, vertices, type Drawn } from '../src/editing/geometry';
import { comparison, sketchOf } from '../src/editing/sketch';
import { Timeline } from '../src/editing/timeline';
import { fromText, toText } from '../src/editing/values';

const ring = [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]];
const hole = [[1, 1], [2, 1], [2, 2], [1, 1]];
const holed: Drawn = { type: 'MultiPolygon', coordinates: [[ring, hole], [[[9, 9], [10, 9], [10, 10], [9, 9]]]] };

describe('what a layer is drawn as', () => {
  it('is asked where it holds several kinds, and nowhere else', () => {
    expect(kindsOf({ geometry: 'mixed', geometry_type: 'Geometry' })).toEqual(['Point', 'LineString', 'Polygon']);
    expect(kindsOf({ geometry: 'polygon', geometry_type: 'MultiPolygon' })).toEqual(['MultiPolygon']);
    expect(kindsOf({ geometry: 'line' })).toEqual(['LineString']);
    expect(kindsOf({ geometry: 'mixed' }).map(kindOf)).toEqual(['point', 'line', 'polygon']);
  });
});

describe('a geometry as positions', () => {
  it('lists each corner once, of every part and hole', () => {
    expect(vertices(holed).map(({ path }) => path.join('.'))).toEqual(['0.0.0', '0.0.1', '0.0.2', '0.0.3', '0.1.0', '0.1.1', '0.1.2', '1.0.0', '1.0.1', '1.0.2']);
    expect(vertices({ type: 'Point', coordinates: [1, 2] })).toEqual([{ path: [], at: [1, 2] }]);
  });

  it('keeps a ring closed when its first corner moves, and leaves the old geometry alone', () => {
    const before = JSON.stringify(holed);
    const after = moved(holed, [0, 1, 0], [1.5, 1.5]) as Extract<Drawn, { type: 'MultiPolygon' }>;
    expect(after.coordinates[0]![1]).toEqual([[1.5, 1.5], [2, 1], [2, 2], [1.5, 1.5]]);
    expect(after.coordinates[0]![0]).toEqual(ring);
    expect(JSON.stringify(holed)).toBe(before);
  });

  it('has a middle on every side, the last one too, and a vertex can be put there', () => {
    const square: Drawn = { type: 'Polygon', coordinates: [ring] };
    const sides = middles(square);
    expect(sides.map(({ at }) => at)).toEqual([[2, 0], [4, 2], [2, 4], [0, 2]]);
    const last = inserted(square, sides[3]!.path, [-1, 2]) as typeof square;
    expect(last.coordinates[0]).toEqual([[0, 0], [4, 0], [4, 4], [0, 4], [-1, 2], [0, 0]]);
    expect(middles({ type: 'LineString', coordinates: [[0, 0], [2, 2]] })).toEqual([{ path: [1], at: [1, 1] }]);
  });

  it('does not lose its last corners', () => {
    const triangle: Drawn = { type: 'Polygon', coordinates: [[[0, 0], [1, 0], [1, 1], [0, 0]]] };
    expect(removed(triangle, [0, 1])).toBeUndefined();
    expect(removed({ type: 'LineString', coordinates: [[0, 0], [1, 1]] }, [0])).toBeUndefined();
    expect(removed({ type: 'Polygon', coordinates: [ring] }, [0, 0])).toEqual({ type: 'Polygon', coordinates: [[[4, 0], [4, 4], [0, 4], [4, 0]]] });
  });

  it('is of the type that the layer has', () => {
    expect(fromPoints('MultiPolygon', [[0, 0], [1, 0], [1, 1]])).toEqual({ type: 'MultiPolygon', coordinates: [[[[0, 0], [1, 0], [1, 1], [0, 0]]]] });
    expect(fromPoints('Polygon', [[0, 0], [1, 0]])).toBeUndefined();
    expect(fromPoints('Point', [[7, 8]])).toEqual({ type: 'Point', coordinates: [7, 8] });
    expect(isDrawn({ type: 'GeometryCollection', geometries: [] })).toBe(false);
  });
});

describe('undo and redo', () => {
  it('goes back and forth, and forgets the future after a new step', () => {
    const timeline = new Timeline(0);
    timeline.step(1);
    timeline.step(2);
    expect([timeline.undo(), timeline.undo(), timeline.undo()]).toEqual([1, 0, 0]);
    expect(timeline.redo()).toBe(1);
    timeline.step(5);
    expect(timeline.canRedo).toBe(false);
    expect(timeline.undo()).toBe(1);
  });

  it('undoes what was typed into one field as one', () => {
    const timeline = new Timeline('');
    for (const text of ['V', 'Vi', 'Via']) timeline.step(text, 'text name');
    timeline.step('Via!', 'move');
    expect([timeline.undo(), timeline.undo()]).toEqual(['Via', '']);
    expect(timeline.canUndo).toBe(false);
  });
});

const field = (over: Partial<Field>): Field => ({ name: 'f', label: { it: 'f', en: 'f' }, type: 'text', ...over });

describe('values in a form', () => {
  it.each<[Partial<Field>, string, unknown]>([
    [{}, 'Via Roma', { value: 'Via Roma' }], [{}, '  ', { value: null }], [{ required: true }, '', { wrong: 'required' }], [{ max_length: 3 }, 'abcd', { wrong: 'long' }],
    [{ type: 'integer' }, '-12', { value: -12 }], [{ type: 'integer' }, '1.5', { wrong: 'integer' }], [{ type: 'integer' }, '1e3', { wrong: 'integer' }],
    [{ type: 'number' }, '12,5', { value: 12.5 }], [{ type: 'number' }, '1.234,5', { wrong: 'number' }], [{ type: 'number' }, 'Infinity', { wrong: 'number' }],
    [{ type: 'boolean' }, 'true', { value: true }], [{ type: 'boolean' }, '', { value: null }], [{ type: 'date' }, '2026-11-23', { value: '2026-11-23' }], [{ type: 'date' }, '23/11', { wrong: 'date' }],
  ])('%o reads %j', (over, text, expected) => expect(fromText(text, field(over))).toEqual(expected));

  it('come back as they went', () => {
    for (const [over, value] of [[{ type: 'boolean' }, false], [{ type: 'number' }, 0.1], [{}, '<b>'], [{ type: 'datetime' }, '2026-11-23T10:00:00.000Z']] as const) {
      expect(fromText(toText(value, field(over)), field(over))).toEqual({ value });
    }
    expect(toText(null, field({}))).toBe('');
  });
});

describe('two changes of one feature', () => {
  const fields = ['a', 'b', 'c', 'd'].map((name) => field({ name }));
  const feature = (properties: Record<string, unknown>, x = 0): Feature => ({ type: 'Feature', properties, geometry: { type: 'Point', coordinates: [x, 0] } });
  const base = feature({ a: '1', b: '1', c: '1', d: '1' });

  it('proposes for each value who changed it, and asks where both did', () => {
    const rows = differences(fields, base, feature({ a: '2', b: '1', c: '2', d: '9' }, 5), { a: '1', b: '3', c: '3', d: '9' }, base.geometry);
    expect(rows).toEqual([
      { name: 'a', mine: '1', theirs: '2', both: false, side: 'theirs' },
      { name: 'b', mine: '3', theirs: '1', both: false, side: 'mine' },
      { name: 'c', mine: '3', theirs: '2', both: true, side: 'mine' },
      { name: GEOMETRY, mine: '', theirs: '', both: false, side: 'theirs' },
    ]);
  });

  it('finds nothing to choose where both did the same', () => {
    expect(differences(fields, base, feature({ a: '2', b: '1', c: '1', d: '1' }), { a: '2', b: '1', c: '1', d: '1' }, base.geometry)).toEqual([]);
  });
});

describe('what is drawn of an edit', () => {
  const roles = (data: { features: Feature[] }) => data.features.map(({ properties }) => properties?.['role'] as string);

  it('has a handle on each vertex and side, none while two versions are compared', () => {
    const line: Drawn = { type: 'LineString', coordinates: [[0, 0], [2, 2]] };
    const sketch = { geometry: line, points: [], area: false, chosen: [1], faults: [], handles: true };
    expect(roles(sketchOf(sketch))).toEqual(['mine', 'middle', 'vertex', 'chosen']);
    expect(sketchOf(sketch).features.map(({ properties }) => properties?.['handle'])).toEqual([undefined, '+1', '0', '1']);
    expect(roles(sketchOf({ ...sketch, handles: false, other: line, faults: [[1, 1]] }))).toEqual(['theirs', 'mine', 'fault']);
  });

  it('shows an area from its third corner on', () => {
    const begun = (points: [number, number][]) => sketchOf({ geometry: undefined, points, area: true, chosen: undefined, faults: [], handles: true }).features[0]!.geometry.type;
    expect([begun([[0, 0], [1, 0]]), begun([[0, 0], [1, 0], [1, 1]])]).toEqual(['LineString', 'Polygon']);
    expect(roles(comparison({ type: 'Point', coordinates: [0, 0] }, { type: 'Point', coordinates: [1, 0] }))).toEqual(['theirs', 'mine', 'vertex']);
  });
});
