import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { CredentialSchema } from '@/gen/trunkline/admin/v1/provider_pb';
import { cloudOf, cloudValuesOf, hasSecret, noCloud } from './cloud';

test('what the server has comes back as it was, for every kind', () => {
  const kinds = [
    { awsSigv4: { source: 'instance', region: 'eu-west-1', roleArn: 'arn:aws:iam::123456789012:role/r' } },
    { google: { source: 'key', scopes: ['a', 'b'] } },
    { entra: { source: 'secret', tenantId: 't', clientId: 'c', authority: 'https://login.microsoftonline.us' } },
    { oauth: { tokenUrl: 'https://l.example', clientId: 'c', clientAuth: 'body' } },
  ];
  for (const kind of kinds) {
    const values = cloudValuesOf(create(CredentialSchema, { name: 'main', ...kind }));
    expect(cloudOf(values)).toEqual(kind);
  }
  expect(cloudOf(cloudValuesOf(create(CredentialSchema, { name: 'main' })))).toEqual({});
});

test('fields that a source does not have are not sent, and the identity of a machine has no secret', () => {
  const values = noCloud();
  values.kind = 'awsSigv4';
  values.awsSigv4 = { source: 'keys', region: ' us-east-1 ', accessKeyId: 'AKIA' };
  values.oauth = { tokenUrl: 'https://typed-before.example' };
  expect([cloudOf(values), hasSecret(values)]).toEqual([
    { awsSigv4: { source: 'keys', region: 'us-east-1', accessKeyId: 'AKIA' } },
    true,
  ]);
  values.awsSigv4.source = 'container';
  expect([cloudOf(values), hasSecret(values)]).toEqual([
    { awsSigv4: { source: 'container', region: 'us-east-1' } },
    false,
  ]);
});
