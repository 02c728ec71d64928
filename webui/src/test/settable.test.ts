// What the API lets callers set, the forms of the console hold: a field that is added there is missed here.
import { create, type DescField, type DescMessage, type Message } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import * as alerts from '@/features/alerts/draft';
import * as groups from '@/features/groups/draft';
import * as keys from '@/features/keys/draft';
import * as keywords from '@/features/keywords/draft';
import * as cloud from '@/features/providers/form/cloud';
import * as providers from '@/features/providers/form/values';
import * as imports from '@/features/providers/import/rules';
import * as models from '@/features/providers/models/draft';
import * as data from '@/features/settings/data';
import * as failover from '@/features/settings/failover';
import * as rollout from '@/features/settings/rollout';
import { type AlertChannel, AlertChannelSchema } from '@/gen/trunkline/admin/v1/alert_channel_pb';
import { type Group, GroupSchema } from '@/gen/trunkline/admin/v1/group_pb';
import { type ImportRules, ImportRulesSchema } from '@/gen/trunkline/admin/v1/import_pb';
import { type ApiKey, ApiKeySchema } from '@/gen/trunkline/admin/v1/key_pb';
import { type FailureKeyword, FailureKeywordSchema } from '@/gen/trunkline/admin/v1/keyword_pb';
import {
  CredentialSchema,
  type Model,
  ModelSchema,
  type Provider,
  ProviderSchema,
} from '@/gen/trunkline/admin/v1/provider_pb';
import { type Settings, SettingsSchema } from '@/gen/trunkline/admin/v1/settings_pb';
import { filled, lost, SAMPLES } from './settable';

/** What a form loses of a message in which everything is set but what is skipped. */
function lostBy<M extends Message>(
  schema: DescMessage,
  skip: readonly string[],
  through: (full: M) => object,
  samples = SAMPLES,
): string[] {
  const out = (field: DescField) =>
    field.localName === 'etag' ||
    skip.includes(field.localName) ||
    skip.includes(`${field.parent.name}.${field.localName}`);
  const full = filled(schema, samples, out) as M;
  return lost(schema, full, create(schema, through(full) as never) as Message);
}

test('a group', () => {
  expect(lostBy<Group>(GroupSchema, [], (g) => groups.messageOf(groups.draftOf(g)))).toEqual([]);
});

test('an API key: its secret is only for a new one', () => {
  expect(lostBy<ApiKey>(ApiKeySchema, ['secret'], (k) => keys.messageOf(keys.draftOf(k), k))).toEqual([]);
  expect(create(ApiKeySchema, keys.messageOf({ ...keys.emptyDraft(), secret: 'sk-own' }) as never)).toMatchObject({
    secret: 'sk-own',
  });
});

test('a failure keyword: a text or a pattern, counted or only noted', () => {
  const through = (k: FailureKeyword) => keywords.messageOf(keywords.draftOf(k));
  expect(lostBy(FailureKeywordSchema, ['pattern', 'logOnly'], through)).toEqual([]);
  expect(lostBy(FailureKeywordSchema, ['keyword', 'count'], through)).toEqual([]);
});

test('an alert channel, each way', () => {
  for (const way of alerts.WAYS) {
    const others = alerts.WAYS.filter((other) => other !== way);
    const secrets = ['AlertWebhook.secret', 'AlertEmail.password', 'AlertSlack.webhookUrl'];
    expect(
      lostBy<AlertChannel>(AlertChannelSchema, [...others, ...secrets], (c) => alerts.messageOf(alerts.draftOf(c))),
    ).toEqual([]);
  }
});

/** What the form of a provider loses of one whose credentials are of a kind, and come from a source. */
function lostOfProvider(kind: cloud.Kind, source: string): string[] {
  const others = cloud.KINDS.filter((other) => other !== kind && other !== 'secret').map((k) => `Credential.${k}`);
  const said = CredentialSchema.fields.find((field) => field.localName === kind)?.message?.name;
  const samples = { ...SAMPLES, [`${said}.source`]: source, 'OAuth.clientAuth': 'post' };
  const skip = ['models', 'import', 'secret', 'password', ...others];
  return lostBy<Provider>(ProviderSchema, skip, (p) => providers.providerOf(providers.valuesOf(p)), samples);
}

test('a provider, with each kind of credential; secrets are entered again, models and imports have tabs of their own', () => {
  expect(lostOfProvider('secret', '')).toEqual([]);
  for (const kind of cloud.KINDS) {
    if (kind === 'secret') continue;
    const [first = [], ...more] = cloud.CLOUDS[kind].sources.map((source) => lostOfProvider(kind, source));
    // A source has only some of the fields: each must be in the form of one of them.
    expect([kind, first.filter((path) => more.every((left) => left.includes(path)))]).toEqual([kind, []]);
  }
});

test('a model', () => {
  expect(lostBy<Model>(ModelSchema, [], (m) => models.documentOf({ models: [models.valuesOf(m)] })[0] ?? {})).toEqual(
    [],
  );
});

test('what is imported', () => {
  expect(lostBy<ImportRules>(ImportRulesSchema, [], (r) => imports.documentOf(imports.rulesOf(r)))).toEqual([]);
});

test('the settings, in all their parts', () => {
  const through = (s: Settings) => ({
    etag: s.etag,
    ...failover.messageOf(failover.draftOf(s)),
    ...data.messageOf(data.draftOf(s)),
    ...rollout.messageOf(rollout.draftOf(s)),
  });
  expect(lostBy<Settings>(SettingsSchema, [], through)).toEqual([]);
});
