import { expect, test } from 'vitest';
import { agentOf } from './userAgent';

const WEBKIT = 'AppleWebKit/537.36 (KHTML, like Gecko)';
const IOS = 'AppleWebKit/605.1.15 (KHTML, like Gecko)';
const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)';
const MAC = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)';
const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X)';

test.each([
  [`Mozilla/5.0 (X11; Linux x86_64) ${WEBKIT} Chrome/131.0.0.0 Safari/537.36`, 'Chrome 131', 'Linux'],
  [`Mozilla/5.0 (X11; Linux x86_64) ${WEBKIT} HeadlessChrome/131.0.0.0 Safari/537.36`, 'Chrome 131', 'Linux'],
  [`Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${WEBKIT} Chrome/131.0.0.0 Safari/537.36`, 'Chrome 131', 'ChromeOS'],
  [`Mozilla/5.0 (Linux; Android 10; K) ${WEBKIT} Chrome/131.0.0.0 Mobile Safari/537.36`, 'Chrome 131', 'Android'],
  [`${IPHONE} ${IOS} CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1`, 'Chrome 131', 'iPhone'],
  [`${WINDOWS} ${WEBKIT} Chrome/131.0.0.0 Safari/537.36 Edg/130.0.2849.80`, 'Edge 130', 'Windows'],
  [`${WINDOWS} ${WEBKIT} Chrome/130.0.0.0 Safari/537.36 OPR/116.0.0.0`, 'Opera 116', 'Windows'],
  [
    `Mozilla/5.0 (Linux; Android 10; K) ${WEBKIT} SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36`,
    'Samsung Internet 27',
    'Android',
  ],
  ['Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0', 'Firefox 132', 'Linux'],
  [`${MAC} ${IOS} Version/18.1 Safari/605.1.15`, 'Safari 18', 'macOS'],
  [`${IPHONE} ${IOS} Version/18.1 Mobile/15E148 Safari/604.1`, 'Safari 18', 'iPhone'],
  [
    `Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) ${IOS} FxiOS/132.0 Mobile/15E148 Safari/605.1.15`,
    'Firefox 132',
    'iPad',
  ],
  ['Firefox/132.0', 'Firefox 132', undefined],
  ['trunklinectl/v1.4.0', 'trunklinectl 1.4.0', undefined],
  ['curl/8.5.0', 'curl 8.5.0', undefined],
  ['python-requests/2.32.3 (CPython 3.13)', 'python-requests 2.32.3', undefined],
])('%s is %s on %s', (header, program, system) => expect(agentOf(header)).toEqual({ program, system }));

test.each([
  ['', ''],
  ['  my phone ', 'my phone'],
  ['Mozilla/5.0', 'Mozilla/5.0'],
  ['Chrome/', 'Chrome/'],
  ['<b>x</b>/1', '<b>x</b>/1'],
  [`Mozilla/5.0 ${'x'.repeat(200)}`, `Mozilla/5.0 ${'x'.repeat(27)}…`],
  ['🙂'.repeat(41), `${'🙂'.repeat(39)}…`],
  [`${'a'.repeat(300)}/1`, `${'a'.repeat(39)}…`],
])('%s, which nobody knows, is told as %s', (header, program) => expect(agentOf(header)).toEqual({ program }));
