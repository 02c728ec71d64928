import { expect, test } from 'vitest';
import { admits, aliasOf } from './patterns';

// The same as controlplane/importer/pattern.go decides; where they differ, that one is right.
test.each([
  ['gpt', [], [], true],
  ['gpt-4o', ['gpt'], [], true],
  ['openai/GPT-4o', ['gpt-4'], [], true],
  ['o3', ['gpt'], [], false],
  ['gpt-4o-audio', ['gpt'], ['audio'], false],
  ['gpt-4o', ['gpt-*'], [], true],
  ['my-gpt-4o', ['gpt-*'], [], false],
  ['openai/gpt-4o', ['*/gpt-*'], [], true],
  ['gpt-4', ['gpt-?'], [], true],
  ['gpt-4o', ['gpt-?'], [], false],
  ['a.b', ['a?b'], [], true],
  ['axb', ['a.b'], [], false],
  ['a+b(c)', ['a+b(*)'], [], true],
  ['模型-1', ['模?-*'], [], true],
  ['gpt-4o', [], ['*'], false],
] as const)('%s with include %j and exclude %j: %s', (id, include, exclude, expected) => {
  expect(admits(include, exclude)(id)).toBe(expected);
});

test.each([
  ['openai/GPT-4o', { stripVendor: true }, 'GPT-4o'],
  ['openai/GPT-4o', { stripVendor: true, lowerCase: true, prefix: 'or-', suffix: '-x' }, 'or-gpt-4o-x'],
  ['a/b/c', { stripVendor: true }, 'c'],
  ['gpt-4o', { stripVendor: true, lowerCase: true }, ''],
  ['gpt-4o', {}, ''],
])('the alias of %s with %j is "%s"', (id, template, expected) => {
  expect(aliasOf({ stripVendor: false, lowerCase: false, prefix: '', suffix: '', ...template }, id)).toBe(expected);
});
