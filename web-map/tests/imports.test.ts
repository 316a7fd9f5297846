import { describe, expect, it } from 'vitest';
import { foremost, type Remark } from '../src/modules/cadastre/imports';

const remark = (line: number, kind: string): Remark => ({ line, kind, what: { it: '', en: '' }, done: { it: '', en: '' } });

describe('remarks on a file', () => {
  it('shows what is said once beside what is said often, in the order of the file', () => {
    const remarks = [1, 2, 3, 4].map((line) => remark(line, 'often')).concat(remark(0, 'once'), remark(5, 'often'));
    expect(foremost(remarks, 3).map(({ line }) => line)).toEqual([1, 2, 0]);
    expect(foremost(remarks, 9)).toEqual(remarks);
    expect(foremost([], 3)).toEqual([]);
  });
});
