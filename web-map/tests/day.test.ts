import { describe, expect, it } from 'vitest';
import type { Catalogue, Layer } from '../src/api/contract';
import { itemsUrl } from '../src/api/endpoints';
import { withTiles } from '../src/map/sources';
import { dayAt, dayOfYear, daysIn, isDay, plusDays, today } from '../src/state/day';
import { decode, encode } from '../src/state/permalink';

describe('days', () => {
  it('are those that there are', () => {
    expect(['2026-08-14', '2024-02-29', '0001-01-01'].filter(isDay)).toHaveLength(3);
    expect(['2026-02-29', '2026-13-01', '2026-8-14', '14/08/2026', '', '2026-08-14T00:00:00Z'].filter(isDay)).toEqual([]);
  });

  it('are counted in their year, also over leap days and the change of clocks', () => {
    expect([daysIn(2024), daysIn(2026), dayOfYear('2026-01-01'), dayOfYear('2024-12-31')]).toEqual([366, 365, 1, 366]);
    for (const day of ['2024-02-29', '2026-03-29', '2026-10-25', '2026-12-31']) expect(dayAt(Number(day.slice(0, 4)), dayOfYear(day))).toBe(day);
    expect([plusDays('2026-12-31', 1), plusDays('2024-03-01', -1)]).toEqual(['2027-01-01', '2024-02-29']);
  });

  it('begin at midnight in Italy', () => {
    expect(today(new Date('2026-08-13T22:30:00Z'))).toBe('2026-08-14');
    expect(today(new Date('2026-08-13T21:30:00Z'))).toBe('2026-08-13');
  });
});

describe('the day shown', () => {
  const layer = (id: string, validity: boolean) => ({ id, validity, minzoom: 10, maxzoom: 20, bbox: null }) as unknown as Layer;
  const catalogue = { bbox: [15, 38, 16, 39], layers: [layer('parcels', true), layer('trees', false)] } as unknown as Catalogue;
  const tiles = (ids: string, day?: string) => (withTiles({ type: 'vector', url: `http://x/xyz/${ids}` }, catalogue, day) as { tiles: string[] }).tiles[0];

  it('is asked of tiles that time changes, and of no others', () => {
    expect(tiles('parcels', '2026-08-14')).toMatch(/xyz\/parcels\/\{z\}\/\{x\}\/\{y\}\?datetime=2026-08-14$/);
    expect(tiles('trees,parcels', '2026-08-14')).toMatch(/datetime=2026-08-14$/);
    for (const other of [tiles('trees', '2026-08-14'), tiles('parcels')]) expect(other).toMatch(/\{y\}$/);
  });

  it('is asked of lists', () => {
    expect(new URL(itemsUrl('parcels', { limit: 5, day: '2026-08-14' })).searchParams.get('datetime')).toBe('2026-08-14');
    expect(itemsUrl('parcels', { limit: 5 })).not.toContain('datetime');
  });

  it('is in the address, unless it makes no sense', () => {
    expect(encode({ day: '2026-08-14' })).toBe('#day=2026-08-14');
    expect(decode('#day=2026-08-14&lang=it').day).toBe('2026-08-14');
    expect(decode('#day=2026-02-30').day).toBeUndefined();
  });
});
