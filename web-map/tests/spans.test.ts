import { describe, expect, it } from 'vitest';
import { spans } from '../src/format/spans';

describe('what the server says', () => {
  it('has code between backticks, and is words to the end', () => {
    expect(spans('dire quale con `--crs EPSG:…`, o `<b>`')).toEqual([
      { text: 'dire quale con ', code: false }, { text: '--crs EPSG:…', code: true }, { text: ', o ', code: false }, { text: '<b>', code: true },
    ]);
    for (const text of ['senza', 'un ` solo', '``']) expect(spans(text)).toEqual([{ text, code: false }]);
    expect(spans('')).toEqual([]);
  });
});
