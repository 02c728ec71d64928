import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { Code, ConnectError } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { refusal } from '@/test/refusal';
import { splitViolations, stepsOf, violationsOf } from './violations';

test('reads what the server says about fields', () => {
  expect(violationsOf(refusal({ 'group.name': 'must not be empty', 'group.members[1].model': 'is unknown' }))).toEqual([
    { field: 'group.name', description: 'must not be empty' },
    { field: 'group.members[1].model', description: 'is unknown' },
  ]);
});

test('an error without field violations has none', () => {
  expect(violationsOf(new ConnectError('no', Code.InvalidArgument))).toEqual([]);
  expect(violationsOf(new Error('odd'))).toEqual([]);
  const other = new ConnectError('slow', Code.ResourceExhausted);
  other.details.push({ type: 'google.rpc.RetryInfo', value: new BinaryWriter().tag(1, 0).int32(3).finish() });
  expect(violationsOf(other)).toEqual([]);
});

test.each([
  ['base_url', ['base_url']],
  ['providers["open \\"ai\\".x"].models[0].id', ['providers', 'open "ai".x', 'models', '0', 'id']],
  ['', []],
])('%s has the steps %j', (field, steps) => expect(stepsOf(field)).toEqual(steps));

test('violations land at the form that is theirs', () => {
  const { own, rest } = splitViolations(
    [
      { field: 'providers["mine"].base_url', description: 'must be a URL' },
      { field: 'provider.models[2].price.cached_input', description: 'must be a number' },
      { field: 'provider.models[2].price.cached_input', description: 'a second one' },
      { field: 'groups["chat"].members[0].provider', description: 'there is no provider "mine"' },
      { field: 'new_password', description: 'is too short' },
    ],
    'mine',
  );
  expect(own).toEqual({
    baseUrl: 'Must be a URL',
    'models.2.price.cachedInput': 'Must be a number',
    newPassword: 'Is too short',
  });
  expect(rest.map((v) => v.field)).toEqual(['groups["chat"].members[0].provider']);
});
