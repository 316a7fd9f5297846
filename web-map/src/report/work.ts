/** The small work that a ticket asks for: a text whose SHA-256 after the ticket begins with some zero bits. */

const K = new Uint32Array(64);
const START = new Uint32Array(8);
{
  // the fractional parts of the cube and square roots of the first primes (FIPS 180-4, 4.2.2 and 5.3.3)
  const part = (n: number) => Math.floor((n - Math.floor(n)) * 2 ** 32);
  let found = 0;
  for (let n = 2; found < 64; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
    if (!prime) continue;
    if (found < 8) START[found] = part(Math.sqrt(n));
    K[found++] = part(Math.cbrt(n));
  }
}

const rotate = (x: number, by: number) => (x >>> by) | (x << (32 - by));

/** SHA-256 of ASCII, as eight words. Not the browser's own, which answers later: thirty thousand answers are waited for too long. */
export function sha256(text: string): Uint32Array {
  const blocks = ((text.length + 8) >>> 6) + 1;
  const words = new Uint32Array(blocks * 16);
  for (let i = 0; i < text.length; i++) words[i >> 2]! |= text.charCodeAt(i) << (24 - 8 * (i & 3));
  words[text.length >> 2]! |= 0x80 << (24 - 8 * (text.length & 3));
  words[words.length - 1] = text.length * 8;
  const state = START.slice();
  const w = new Uint32Array(64);
  for (let block = 0; block < blocks; block++) {
    w.set(words.subarray(block * 16, block * 16 + 16));
    for (let i = 16; i < 64; i++) {
      const [x, y] = [w[i - 15]!, w[i - 2]!];
      w[i] = w[i - 16]! + (rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3)) + w[i - 7]! + (rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
    for (let i = 0; i < 64; i++) {
      const one = (h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + K[i]! + w[i]!) | 0;
      const two = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => (state[i]! += value));
  }
  return state;
}

/** Does the work in turns, so that the page answers meanwhile. */
export async function work(ticket: string, bits: number): Promise<string> {
  for (let n = 0; ; n++) {
    if (Math.clz32(sha256(`${ticket}.${n}`)[0]!) >= bits) return String(n);
    if (n % 1000 === 999) await new Promise((resolve) => setTimeout(resolve));
  }
}
