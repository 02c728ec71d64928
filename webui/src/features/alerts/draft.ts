import type { MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { toMs } from '@/api/duration';
import type { AlertChannel, AlertChannelSchema } from '@/gen/trunkline/admin/v1/alert_channel_pb';

export const EVENTS = [
  'cooldown',
  'group_unavailable',
  'budget',
  'key_expiring',
  'node_lost',
  'models_gone',
  'drift',
  'import_failing',
  'sign_ins_failing',
  'rollout_held',
] as const;
export type AlertEvent = (typeof EVENTS)[number];

export const WAYS = ['webhook', 'slack', 'email'] as const;
export type Way = (typeof WAYS)[number];

export const SECURITIES = ['starttls', 'tls', 'none'] as const;
export type Security = (typeof SECURITIES)[number];

/** An alert channel as the form has it: all three ways, of which one is used. */
export type Draft = {
  name: string;
  enabled: boolean;
  events: string[];
  providers: string[];
  groups: string[];
  /** In milliseconds; undefined is the default. */
  digest: number | undefined;
  sendResolved: boolean;
  allowPrivateNetwork: boolean;
  way: Way;
  webhook: { url: string; secret: string };
  slack: { webhookUrl: string };
  email: {
    host: string;
    port: number | '';
    security: Security;
    username: string;
    password: string;
    from: string;
    to: string[];
  };
};

export const emptyDraft: Draft = {
  name: '',
  enabled: true,
  events: [],
  providers: [],
  groups: [],
  digest: undefined,
  sendResolved: true,
  allowPrivateNetwork: false,
  way: 'webhook',
  webhook: { url: '', secret: '' },
  slack: { webhookUrl: '' },
  email: { host: '', port: '', security: 'starttls', username: '', password: '', from: '', to: [] },
};

export const wayOf = (ch: AlertChannel): Way => (ch.slack ? 'slack' : ch.email ? 'email' : 'webhook');

export const draftOf = (ch: AlertChannel): Draft => ({
  ...emptyDraft,
  name: ch.name,
  enabled: ch.enabled ?? true,
  events: [...ch.events],
  providers: [...ch.providers],
  groups: [...ch.groups],
  digest: ch.digest && toMs(ch.digest),
  sendResolved: ch.sendResolved ?? true,
  allowPrivateNetwork: ch.allowPrivateNetwork,
  way: wayOf(ch),
  webhook: { url: ch.webhook?.url ?? '', secret: '' },
  email: {
    ...emptyDraft.email,
    host: ch.email?.host ?? '',
    port: ch.email?.port || '',
    security: SECURITIES.find((s) => s === ch.email?.security) ?? 'starttls',
    username: ch.email?.username ?? '',
    from: ch.email?.from ?? '',
    to: [...(ch.email?.to ?? [])],
  },
});

export function messageOf(d: Draft, etag = ''): MessageInitShape<typeof AlertChannelSchema> {
  return {
    name: d.name.trim(),
    etag,
    enabled: d.enabled,
    events: d.events,
    providers: d.providers,
    groups: d.groups,
    digest: d.digest === undefined ? undefined : durationFromMs(d.digest),
    sendResolved: d.sendResolved,
    allowPrivateNetwork: d.allowPrivateNetwork,
    webhook: d.way === 'webhook' ? { url: d.webhook.url.trim(), secret: d.webhook.secret.trim() } : undefined,
    slack: d.way === 'slack' ? { webhookUrl: d.slack.webhookUrl.trim() } : undefined,
    email:
      d.way === 'email'
        ? { ...d.email, host: d.email.host.trim(), port: d.email.port === '' ? 0 : d.email.port }
        : undefined,
  };
}

/** A new key of a webhook, as Standard Webhooks writes it. */
export function newSigningSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return `whsec_${btoa(String.fromCharCode(...bytes))}`;
}
