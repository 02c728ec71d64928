// What a page reads again and again stays small however much is configured: bytes on the wire, of a tenth of what
// scale.spec measures, each page once. What grows with the configuration may take a tenth of the promise then.
import { expect, settled, test, useConsole } from './fixture';
import { applyLarge, TENTH } from './large';
import { sum, watch } from './scale';

/** Of 200 KiB a tenth, and what any page moves whatever is configured. */
const MOST = 20 * 1024 + 12 * 1024;

const it = useConsole('empty', { seedDays: 1, seedFlags: ['-large', '-per-hour', '60'] });

test('no page moves more than its share of 200 KB', async () => {
  test.setTimeout(300_000);
  await applyLarge(it.server, TENTH);
  const large: string[] = [];
  for (const path of [
    '/',
    '/?range=7d',
    '/calls',
    '/providers',
    '/groups',
    '/keys',
    '/nodes',
    '/keywords',
    '/history',
  ]) {
    const { answers, stop } = await watch(it.page);
    await it.page.goto(path);
    await settled(it.page);
    await stop();
    const bytes = sum(answers);
    const detail = answers.map((answer) => `${answer.method} ${answer.bytes}`).join(', ');
    expect(answers.length, path).toBeGreaterThan(0);
    if (bytes > MOST) large.push(`${path}: ${bytes} bytes: ${detail}`);
  }
  expect(large).toEqual([]);
});
