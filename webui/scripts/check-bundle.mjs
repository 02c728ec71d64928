// Fails the build when the console outgrows its budget: it is loaded over slow links too,
// and every byte of it is in the binary.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const KB = 1024;
const dist = new URL('../dist', import.meta.url).pathname;
const names = readdirSync(dist, { recursive: true }).filter((name) => statSync(join(dist, name)).isFile());
const raw = (name) => statSync(join(dist, name)).size;
const gz = (name) => gzipSync(readFileSync(join(dist, name)), { level: 9 }).length;
const sum = (list, size) => list.reduce((total, name) => total + size(name), 0);

const page = readFileSync(join(dist, 'index.html'), 'utf8');
const first = names.filter((name) => name.endsWith('.js') && page.includes(`/${name}`));
const lazy = names.filter((name) => name.endsWith('.js') && !first.includes(name));
const isCharts = (name) => /\/charts-[^/]+\.js$/.test(name);
const charts = lazy.filter(isCharts);
const largestLazy = lazy.filter((name) => !isCharts(name)).reduce((max, name) => Math.max(max, gz(name)), 0);
const ending = (ending) => names.filter((name) => name.endsWith(ending));

const budget = [
  ['first load, JS gzip', sum(first, gz), 220 * KB],
  ['largest lazy chunk, gzip', largestLazy, 60 * KB],
  ['charts, loaded with the first one, gzip', sum(charts, gz), 140 * KB],
  ['all CSS, gzip', sum(ending('.css'), gz), 45 * KB],
  ['fonts', sum(ending('.woff2'), raw), 60 * KB],
  [
    'dist without compressed copies',
    sum(
      names.filter((name) => !name.endsWith('.gz')),
      raw,
    ),
    3 * KB * KB,
  ],
];

let over = false;
for (const [what, size, limit] of budget) {
  const bad = size > limit || (size === 0 && !what.startsWith('charts'));
  over ||= bad;
  const [now, most] = [size, limit].map((bytes) => `${(bytes / KB).toFixed(1)} KB`.padStart(10));
  console.log(`${bad ? 'OVER' : 'ok  '} ${what.padEnd(40)}${now} of ${most}`);
}
if (first.length === 0) {
  console.error('index.html names no script of dist');
  over = true;
}
process.exit(over ? 1 : 0);
