// Whatever field the server refuses, its words stand at a field of the form; what has none stands in the form's summary.
import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { fireEvent, screen } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import { AlertChannelSchema } from '@/gen/trunkline/admin/v1/alert_channel_pb';
import { GroupSchema } from '@/gen/trunkline/admin/v1/group_pb';
import { CreateJoinTokenRequestSchema } from '@/gen/trunkline/admin/v1/join_token_pb';
import { ApiKeySchema } from '@/gen/trunkline/admin/v1/key_pb';
import { FailureKeywordSchema } from '@/gen/trunkline/admin/v1/keyword_pb';
import { ProviderSchema } from '@/gen/trunkline/admin/v1/provider_pb';
import { SettingsSchema } from '@/gen/trunkline/admin/v1/settings_pb';
import { TokenSchema } from '@/gen/trunkline/admin/v1/token_pb';
import { UserSchema } from '@/gen/trunkline/admin/v1/user_pb';
import { refusal } from '@/test/refusal';
import { renderApp } from '@/test/renderApp';
import { filled, pathsOf, SAMPLES } from '@/test/settable';

type Case = {
  what: string;
  schema: DescMessage;
  /** The document in the request. */
  name: string;
  path: string;
  button: string | RegExp;
  /** Fields, or messages and fields, that the form does not send. */
  skip?: string[];
  /** Those that only the summary tells of. */
  left?: string[];
  backend: (refuse: () => never) => Parameters<typeof renderApp>[1];
  before?: () => Promise<void>;
};

const write = (at: string, value: string) => async () => {
  await screen.findAllByText(/./);
  const field = await vi.waitUntil(() => document.querySelector(`[data-path="${at}"]`));
  fireEvent.change(field as Element, { target: { value } });
};
const press = (button: string, then?: () => Promise<void>) => async () => {
  fireEvent.click((await screen.findByText(button)).closest('button') as Element);
  await then?.();
};
const full = (schema: DescMessage, ...skip: string[]) => filled(schema, SAMPLES, (field) => isIn(skip, field)) as never;
const CLOUDS = ['Credential.aws_sigv4', 'Credential.google', 'Credential.entra', 'Credential.oauth'];

const CASES: Case[] = [
  {
    what: 'a group',
    schema: GroupSchema,
    name: 'group',
    path: '/groups?new=true&from=full',
    button: 'Create group',
    backend: (createGroup) => ({ groups: { getGroup: () => ({ group: full(GroupSchema) }), createGroup } }),
  },
  {
    what: 'a provider',
    schema: ProviderSchema,
    name: 'provider',
    path: '/providers?new=copy&from=full',
    button: 'Create',
    skip: ['models', 'import', 'FieldRule.value', ...CLOUDS], // a rule that renames has no value
    backend: (createProvider) => ({
      providers: {
        getProvider: () => ({ provider: full(ProviderSchema, 'models', 'import', ...CLOUDS) }),
        createProvider,
      },
    }),
  },
  {
    what: 'an API key',
    schema: ApiKeySchema,
    name: 'api_key',
    path: '/keys?new=true',
    button: 'Create key',
    left: ['enabled'], // a button of its own
    backend: (createApiKey) => ({ keys: { createApiKey } }),
    before: write('name', 'k'),
  },
  {
    what: 'a failure keyword',
    schema: FailureKeywordSchema,
    name: 'failure_keyword',
    path: '/keywords?new=true',
    button: 'Create keyword',
    skip: ['pattern', 'log_only'], // a text, counted
    backend: (createFailureKeyword) => ({ keywords: { createFailureKeyword } }),
    before: write('name', 'k'),
  },
  {
    what: 'an alert channel',
    schema: AlertChannelSchema,
    name: 'alert_channel',
    path: '/alerts?tab=channels&new=true',
    button: 'Create channel',
    skip: ['slack', 'email'],
    backend: (createAlertChannel) => ({ channels: { createAlertChannel } }),
  },
  {
    what: 'the failover settings',
    schema: SettingsSchema,
    name: 'settings',
    path: '/settings',
    button: 'Save',
    skip: ['retention', 'cors', 'websocket', 'rollout'],
    backend: (updateSettings) => ({ settings: { getSettings: () => ({ settings: {} }), updateSettings } }),
    before: write('failover.failureThreshold', '8'),
  },
  {
    what: 'the data settings',
    schema: SettingsSchema,
    name: 'settings',
    path: '/settings?section=data',
    button: 'Save',
    skip: ['failover', 'rollout'],
    backend: (updateSettings) => ({ settings: { getSettings: () => ({ settings: {} }), updateSettings } }),
    before: write('retention.calls', '8'),
  },
  {
    what: 'the rollout settings',
    schema: SettingsSchema,
    name: 'settings',
    path: '/settings?section=rollout',
    button: 'Save',
    skip: ['failover', 'retention', 'cors', 'websocket'],
    backend: (updateSettings) => ({
      settings: { getSettings: () => ({ settings: { rollout: { mode: 'canary' } } }), updateSettings },
    }),
    before: write('rollout.canaryPercent', '8'),
  },
  {
    what: 'a user',
    schema: UserSchema,
    name: 'user',
    path: '/settings?section=people',
    button: 'Create user',
    left: ['disabled'], // of one that is there
    backend: (createUser) => ({ users: { createUser } }),
    before: press('New user'),
  },
  {
    what: 'a token',
    schema: TokenSchema,
    name: 'token',
    path: '/settings?section=access',
    button: 'Create token',
    backend: (createToken) => ({ tokens: { createToken } }),
    before: press('New token', write('name', 'k')),
  },
  {
    what: 'a join token',
    schema: CreateJoinTokenRequestSchema,
    name: '',
    path: '/nodes?add=true',
    button: 'Create token',
    backend: (createJoinToken) => ({
      nodes: { listJoinTokens: () => ({ joinTokens: [] }), listNodes: () => ({ nodes: [] }), createJoinToken },
    }),
  },
];

for (const { what, schema, name, path, button, skip = [], left = [], backend, before } of CASES) {
  test(`${what}: every field that can be refused says so`, async () => {
    const paths = pathsOf(schema, (field) => isIn(skip, field));
    const refuse = () => {
      throw refusal(Object.fromEntries(paths.map((one) => [name === '' ? one : `${name}.${one}`, `bad ${one};`])));
    };
    renderApp(path, backend(refuse));
    await before?.();
    fireEvent.click((await screen.findByText(button)).closest('button') as Element);
    await screen.findAllByText(new RegExp(`[Bb]ad ${paths[0]?.replace(/[[\]]/g, '\\$&')};`));
    const fields = document.body.cloneNode(true) as HTMLElement;
    for (const hidden of fields.querySelectorAll('[role=alert], details:not([open])')) hidden.remove();
    const unplaced = paths.filter((one) => !fields.textContent?.includes(`Bad ${one};`));
    expect(unplaced).toEqual(left);
    const summary = [...document.querySelectorAll('[role=alert]')].map((one) => one.textContent).join();
    for (const one of left) expect(summary).toContain(`bad ${one};`);
  }, 120_000);
}

const isIn = (skip: readonly string[], field: DescField) =>
  skip.includes(field.name) || skip.includes(`${field.parent.name}.${field.name}`);
