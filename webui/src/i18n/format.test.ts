import { describe, expect, test } from 'vitest';
import { makeFormat } from './format';

const en = makeFormat('en');
const zh = makeFormat('zh');
const ja = makeFormat('ja');
const ko = makeFormat('ko');
const now = Date.UTC(2026, 10, 23, 12, 0, 0);

describe('money', () => {
  test.each([
    ['0', '$0.00'],
    ['', '$0.00'],
    ['10', '$10.00'],
    ['0.15', '$0.15'],
    ['0.075', '$0.075'],
    ['0.000001', '$0.000001'],
    ['123456789.000001', '$123,456,789.000001'],
  ])('%s dollars', (decimal, text) => expect(en.usd(decimal)).toBe(text));

  test('more digits than a double holds stay exact', () => {
    expect(en.usd('9007199254740993.000001')).toBe('$9,007,199,254,740,993.000001');
  });
});

test.each([
  [0, '0 ms'],
  [0.254, '0.25 ms'],
  [1.56, '1.6 ms'],
  [85.4, '85 ms'],
  [999.6, '1 s'],
  [1420, '1.42 s'],
  [59_994, '59.99 s'],
  [59_996, '1 min 0 s'],
  [185_000, '3 min 5 s'],
])('%d ms took %s', (ms, text) => expect(en.duration(ms)).toBe(text));

test.each([
  [0, '0 sec'],
  [250, '250 ms'],
  [1500, '1,500 ms'],
  [8000, '8 sec'],
  [60_000, '1 min'],
  [90_000, '90 sec'],
  [2_592_000_000, '30 days'],
])('a setting of %d ms reads %s', (ms, text) => expect(en.setting(ms)).toBe(text));

test('settings speak the language', () => {
  expect(zh.setting(300_000)).toBe('5分钟');
  expect(ko.setting(30_000)).toBe('30초');
});

test.each([
  [-5, '0:00'],
  [1, '0:01'],
  [7000, '0:07'],
  [59_001, '1:00'],
  [754_000, '12:34'],
  [3_723_000, '1:02:03'],
])('%d ms left count down as %s', (ms, text) => expect(en.countdown(ms)).toBe(text));

test.each([
  [-20_000, '20 seconds ago'],
  [-59_400, '59 seconds ago'],
  [-59_700, '1 minute ago'],
  [-47 * 60_000, '47 minutes ago'],
  [-3_599_000, '1 hour ago'],
  [86_400_000, 'tomorrow'],
  [-45 * 86_400_000, '45 days ago'],
  [-420 * 86_400_000, '14 months ago'],
  [3 * 365.25 * 86_400_000, 'in 3 years'],
])('%d ms from now is %s', (offset, text) => expect(en.relative(now + offset, now)).toBe(text));

test('big numbers are grouped the way people count', () => {
  expect(en.compact(118_400)).toBe('118.4K');
  expect(zh.compact(118_400)).toBe('11.8万');
  expect(en.int(9_007_199_254_740_993n)).toBe('9,007,199,254,740,993');
});

test.each([
  [0, '0', '0', '0', '0'],
  [0.25, '0.3', '0.3', '0.3', '0.3'],
  [999, '999', '999', '999', '999'],
  [5033, '5K', '5,033', '5,033', '5,033'],
  [9999n, '10K', '9,999', '9,999', '9,999'],
  [10_000n, '10K', '1万', '1万', '1만'],
  [50_330, '50.3K', '5万', '5万', '5만'],
  [-5033, '-5K', '-5,033', '-5,033', '-5,033'],
])('%s in short is %s, %s, %s, %s', (value, ...texts) => {
  expect([en, zh, ja, ko].map(({ compact }) => compact(value))).toEqual(texts);
});

test('a time of today has no date, another has one', () => {
  expect(en.time(now - 60_000, now)).toBe('11:59:00');
  expect(en.time(now - 86_400_000, now)).toMatch(/^Nov 22, 12:00:00$/);
});

test.each([
  ['0', '$0.00'],
  ['0.0031234', '$0.0031'],
  ['270.32', '$270.32'],
  ['12432.9', '$12.4K'],
  [-3.5, '-$3.50'],
])('short money %s is %s', (value, text) => expect(en.usdShort(value)).toBe(text));

test.each([
  [0, '0 byte'],
  [1500, '1.5 kB'],
  [5_000_000n, '5 MB'],
])('%s bytes are %s', (n, text) => expect(en.bytes(n)).toBe(text));

test.each([
  [0, '0 sec'],
  [40_400, '40 sec'],
  [59_700, '1 min'],
  [190_000, '3 min'],
  [2 * 86_400_000, '2 days'],
])('an age of %d ms is %s', (ms, text) => expect(en.age(ms)).toBe(text));

test('a change has its sign, and none when there is none', () => {
  expect(en.change(0.1241)).toBe('+12.4%');
  expect(en.change(-0.03)).toBe('-3%');
  expect(en.change(0)).toBe('0%');
});

test('buckets are named by their length', () => {
  expect(en.bucket(now, 3_600_000)).toBe('12:00');
  expect(en.bucket(now, 86_400_000)).toBe('Nov 23');
  expect(en.bucketLong(now, 3_600_000)).toBe('Nov 23, 12:00');
  expect(zh.bucketLong(now, 86_400_000)).toBe('11月23日周一');
  expect(en.span(now, now + 3_600_000).replaceAll('\u2009', ' ')).toBe('Nov 23, 12:00 – 13:00');
});
