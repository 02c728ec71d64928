import { expect, test } from 'vitest';
import { readFile } from './exportFile';

test('an export counts its lines, without the head of a CSV, and is the whole file', async () => {
  const seen: object[] = [];
  const stream = async function* () {
    yield { data: new TextEncoder().encode('id,node\na,') };
    yield { data: new TextEncoder().encode('n\nb,n\n') };
  };
  const file = await readFile(stream(), { type: 'text/csv', head: 1 }, (p) => seen.push(p));
  expect(await file.text()).toBe('id,node\na,n\nb,n\n');
  expect(seen).toEqual([
    { bytes: 10, lines: 0 },
    { bytes: 16, lines: 2 },
  ]);
});
