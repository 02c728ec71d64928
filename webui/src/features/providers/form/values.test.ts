import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { PRESETS } from '@/gen/presets';
import { ProviderSchema } from '@/gen/trunkline/admin/v1/provider_pb';
import { changedFields, providerOf, valuesOf, valuesOfCopy, valuesOfPreset } from './values';

const provider = create(ProviderSchema, {
  name: 'azure',
  baseUrl: 'https://x.example/v1',
  enabled: false,
  credentials: [{ name: 'main', secretHint: '9f3a', enabled: false }],
  headers: { 'x-team': 'a' },
  secretHeaders: [{ name: 'X-Gate', secretHint: 'abcd' }],
  secretQuery: [{ name: 'sig', secretHint: 'wxyz' }],
  timeouts: { connect: { seconds: 1n, nanos: 500_000_000 } },
  maxInFlight: 7,
  endpoints: [{ api: 'chat', path: '/d/{model}/chat', query: 'api-version=1', auth: 'api-key' }],
});

test('what is read is sent back as it was, secrets aside', () => {
  expect(create(ProviderSchema, providerOf(valuesOf(provider)))).toMatchObject({
    name: 'azure',
    baseUrl: 'https://x.example/v1',
    dialect: 'openai',
    enabled: false,
    credentials: [{ name: 'main', secret: '', enabled: false }],
    headers: { 'x-team': 'a' },
    secretHeaders: [{ name: 'X-Gate', secret: '' }],
    secretQuery: [{ name: 'sig', secret: '' }],
    timeouts: { connect: { seconds: 1n, nanos: 500_000_000 } },
    maxInFlight: 7,
    endpoints: [
      { api: 'chat', baseUrl: '', path: '/d/{model}/chat', query: 'api-version=1', auth: 'api-key', format: '' },
    ],
  });
  expect(providerOf({ ...valuesOf(provider), timeouts: {} }).timeouts).toBeUndefined();
});

test('only what differs counts as changed; a half-written header does not', () => {
  const values = valuesOf(provider);
  expect(changedFields(values, valuesOf(provider))).toEqual([]);
  const next = {
    ...values,
    headers: [...values.headers, { name: '', value: 'x' }],
    timeouts: { connect: 2000 },
    credentials: values.credentials.map((c) => ({ ...c, secret: 'new' })),
  };
  expect(changedFields(values, next)).toEqual(['credentials', 'timeouts']);
});

test('endpoints count as changed by what they say, and are sent without what was typed around it', () => {
  const values = valuesOf(provider);
  const [chat] = values.endpoints;
  if (!chat) throw new Error('no endpoint');
  expect(changedFields(values, { ...values, endpoints: [{ ...chat, key: 'other' }] })).toEqual([]);
  const next = { ...values, endpoints: [{ ...chat, baseUrl: ' https://b.example ', query: '?a=1' }] };
  expect(changedFields(values, next)).toEqual(['endpoints']);
  expect(providerOf(next).endpoints).toMatchObject([{ api: 'chat', baseUrl: 'https://b.example', query: 'a=1' }]);
});

test('a preset fills its endpoints', () => {
  const deepseek = PRESETS.find((preset) => preset.id === 'deepseek');
  if (!deepseek) throw new Error('no preset');
  expect(valuesOfPreset(deepseek).endpoints).toMatchObject([
    { api: 'chat', baseUrl: '' },
    { api: 'messages', baseUrl: 'https://api.deepseek.com/anthropic', auth: 'x-api-key' },
  ]);
});

test('a secret parameter counts as changed by its name or a new secret', () => {
  const values = valuesOf(provider);
  expect(values.secretHeaders).toMatchObject([{ name: 'X-Gate', stored: { hint: 'abcd' }, storedName: 'X-Gate' }]);
  const renamed = { ...values, secretQuery: values.secretQuery.map((p) => ({ ...p, name: 'signature' })) };
  expect(changedFields(values, renamed)).toEqual(['secretQuery']);
  const replaced = { ...values, secretHeaders: values.secretHeaders.map((p) => ({ ...p, secret: 'new' })) };
  expect(changedFields(values, replaced)).toEqual(['secretHeaders']);
});

test('a copy has no secrets', () => {
  const copy = valuesOfCopy(provider, 'azure-copy');
  expect(copy.name).toBe('azure-copy');
  expect(copy.credentials).toMatchObject([{ name: 'main', secret: '', stored: undefined }]);
  expect(copy.secretHeaders).toMatchObject([{ name: 'X-Gate', secret: '', stored: undefined }]);
  expect(copy.secretQuery).toMatchObject([{ name: 'sig', secret: '', stored: undefined }]);
});

test('every preset has its own id and name, and an address that is a URL', () => {
  expect(new Set(PRESETS.map((p) => p.id)).size).toBe(PRESETS.length);
  expect(new Set(PRESETS.map((p) => p.name)).size).toBe(PRESETS.length);
  for (const preset of PRESETS) {
    expect(new URL(preset.baseUrl).protocol).toMatch(/^https?:$/);
    expect(new URL(preset.docs).protocol).toBe('https:');
    expect(valuesOfPreset(preset).credentials.length).toBe(preset.isKeyless ? 0 : 1);
    for (const part of preset.placeholders) expect(preset.baseUrl).toContain(part);
  }
});

test('the way to a provider survives the form, without its secrets', () => {
  const provider = create(ProviderSchema, {
    name: 'p',
    caCertificates: 'PEM',
    clientCertificate: { certificate: 'CERT', secretSetTime: { seconds: 1n } },
    proxy: { url: 'http://proxy:3128', username: 'ann', secretHint: 'word', allowPrivateNetwork: true },
  });
  const values = valuesOf(provider);
  expect(providerOf(values)).toMatchObject({
    caCertificates: 'PEM',
    clientCertificate: { certificate: 'CERT', secret: '' },
    proxy: { url: 'http://proxy:3128', username: 'ann', secret: '', allowPrivateNetwork: true },
  });
  expect(values.proxy.stored?.hint).toBe('word');
  expect(changedFields(values, { ...values, proxy: { ...values.proxy, secret: 'x' } })).toEqual(['proxy']);
  const without = {
    ...values,
    proxy: { ...values.proxy, url: ' ' },
    clientCertificate: { certificate: '', secret: '' },
  };
  expect(changedFields(values, without)).toEqual(['clientCertificate', 'proxy']);
  expect(providerOf(without)).toMatchObject({ proxy: undefined, clientCertificate: undefined });
  expect(valuesOfCopy(provider, 'q').proxy).toMatchObject({ url: 'http://proxy:3128', stored: undefined });
});
