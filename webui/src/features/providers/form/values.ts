import type { MessageInitShape } from '@bufbuild/protobuf';
import { type Duration, durationFromMs, type Timestamp } from '@bufbuild/protobuf/wkt';
import { toMs } from '@/api/duration';
import type { Preset } from '@/gen/presets';
import type { Provider, ProviderSchema, ProviderTimeouts } from '@/gen/trunkline/admin/v1/provider_pb';
import type { PlainKey } from '@/i18n';
import { type Pair, toMap, toPairs } from '@/ui/fields/PairsField';
import { dialectOf, isEnabled } from '../address';
import { documentsOf, type RuleValues, rulesOf } from '../rules/rule';
import { type CloudValues, cloudOf, cloudValuesOf, hasSecret, type Kind, kindOf, noCloud } from './cloud';
import { type EndpointValues, endpointsOf, endpointValues } from './endpoints';

export const TIMERS = ['connect', 'firstToken', 'firstTokenMax', 'attempt', 'response', 'streamIdle'] as const;
export type Timer = (typeof TIMERS)[number];
export const TIMER_WORDS: Record<Timer, PlainKey> = {
  connect: 'providers.timer.connect',
  firstToken: 'providers.timer.firstToken',
  firstTokenMax: 'providers.timer.firstTokenMax',
  attempt: 'providers.timer.attempt',
  response: 'providers.timer.response',
  streamIdle: 'providers.timer.streamIdle',
};
type Timers = { [K in Timer]?: number };

/** A provider as it is sent. */
export type ProviderInit = Exclude<MessageInitShape<typeof ProviderSchema>, Provider>;

/** A name and its secret. */
export type ParameterValues = {
  /** Identity in the list while it is edited. */
  key: string;
  name: string;
  secret: string;
  /** What the server has under storedName. */
  stored?: { hint: string; setTime?: Timestamp };
  storedName?: string;
};

/** What the server has of a secret, without the secret. */
type Stored = ParameterValues['stored'];

/** How the provider is reached where that is not the usual way; all empty: as usual. */
export type WayValues = {
  caCertificates: string;
  clientCertificate: { certificate: string; secret: string; stored?: Stored };
  proxy: { url: string; username: string; secret: string; allowPrivateNetwork: boolean; stored?: Stored };
};

export type CredentialValues = ParameterValues & CloudValues & { enabled: boolean; storedKind?: Kind };

/** A provider as the form holds it: everything but its models and how they are imported. */
export type Values = {
  name: string;
  baseUrl: string;
  dialect: string;
  endpoints: EndpointValues[];
  credentials: CredentialValues[];
  headers: Pair[];
  secretHeaders: ParameterValues[];
  secretQuery: ParameterValues[];
  forwardHeaders: string[];
  allowPrivateNetwork: boolean;
  maxInFlight: number;
  enabled: boolean;
  timeouts: Timers;
  fieldRules: RuleValues[];
} & WayValues;

/** Fields of the form and what they are called in an update mask. */
export const FIELDS = {
  baseUrl: 'base_url',
  dialect: 'dialect',
  endpoints: 'endpoints',
  credentials: 'credentials',
  headers: 'headers',
  secretHeaders: 'secret_headers',
  secretQuery: 'secret_query',
  forwardHeaders: 'forward_headers',
  allowPrivateNetwork: 'allow_private_network',
  maxInFlight: 'max_in_flight',
  enabled: 'enabled',
  timeouts: 'timeouts',
  fieldRules: 'field_rules',
  caCertificates: 'ca_certificates',
  clientCertificate: 'client_certificate',
  proxy: 'proxy',
} as const satisfies Partial<Record<keyof Values, string>>;
export type Field = keyof typeof FIELDS;

export const newParameter = (key: string, name = ''): ParameterValues => ({ key, name, secret: '' });

export const newCredential = (key: string, name: string): CredentialValues => ({
  ...newParameter(key, name),
  ...noCloud(),
  enabled: true,
});

/** What the server tells of a secret that it has. */
const secretOf = (at: { secretHint: string; secretSetTime?: Timestamp } | undefined): Stored =>
  at && (at.secretHint || at.secretSetTime) ? { hint: at.secretHint, setTime: at.secretSetTime } : undefined;
const storedOf = (at: { name: string; secretHint: string; secretSetTime?: Timestamp }) => ({
  stored: secretOf(at),
  storedName: at.name,
});

const usualWay = (): WayValues => ({
  caCertificates: '',
  clientCertificate: { certificate: '', secret: '' },
  proxy: { url: '', username: '', secret: '', allowPrivateNetwork: false },
});

export function valuesOfPreset(preset: Preset): Values {
  return {
    name: preset.name,
    baseUrl: preset.baseUrl,
    dialect: preset.dialect,
    endpoints: endpointValues(preset.endpoints),
    credentials: preset.isKeyless ? [] : [newCredential('first', 'main')],
    headers: [],
    secretHeaders: [],
    secretQuery: [],
    forwardHeaders: [],
    allowPrivateNetwork: preset.isLocal,
    maxInFlight: 0,
    enabled: true,
    timeouts: {},
    fieldRules: [],
    ...usualWay(),
  };
}

export function valuesOf(provider: Provider): Values {
  return {
    name: provider.name,
    baseUrl: provider.baseUrl,
    dialect: dialectOf(provider),
    endpoints: endpointValues(provider.endpoints),
    credentials: provider.credentials.map((c) => ({
      ...newCredential(c.name, c.name),
      ...cloudValuesOf(c),
      storedKind: kindOf(c),
      enabled: isEnabled(c),
      ...storedOf(c),
    })),
    headers: toPairs(provider.headers),
    secretHeaders: provider.secretHeaders.map((p) => ({ ...newParameter(p.name, p.name), ...storedOf(p) })),
    secretQuery: provider.secretQuery.map((p) => ({ ...newParameter(p.name, p.name), ...storedOf(p) })),
    forwardHeaders: [...provider.forwardHeaders],
    allowPrivateNetwork: provider.allowPrivateNetwork,
    maxInFlight: provider.maxInFlight,
    enabled: isEnabled(provider),
    timeouts: timersOf(provider.timeouts),
    fieldRules: rulesOf(provider.fieldRules),
    caCertificates: provider.caCertificates,
    clientCertificate: {
      certificate: provider.clientCertificate?.certificate ?? '',
      secret: '',
      stored: secretOf(provider.clientCertificate),
    },
    proxy: {
      url: provider.proxy?.url ?? '',
      username: provider.proxy?.username ?? '',
      secret: '',
      allowPrivateNetwork: provider.proxy?.allowPrivateNetwork ?? false,
      stored: secretOf(provider.proxy),
    },
  };
}

/** The same again under another name. Secrets cannot be read, so they must be entered again. */
export function valuesOfCopy(provider: Provider, name: string): Values {
  const values = valuesOf(provider);
  const withoutSecrets = <T extends ParameterValues>(all: T[]) =>
    all.map((one) => ({ ...one, stored: undefined, storedName: undefined }));
  return {
    ...values,
    name,
    credentials: withoutSecrets(values.credentials),
    secretHeaders: withoutSecrets(values.secretHeaders),
    secretQuery: withoutSecrets(values.secretQuery),
    clientCertificate: { ...values.clientCertificate, stored: undefined },
    proxy: { ...values.proxy, stored: undefined },
  };
}

export function timersOf(timeouts: ProviderTimeouts | undefined): Timers {
  const set = TIMERS.map((timer) => [timer, timeouts?.[timer]] as const).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set.map(([timer, value]) => [timer, toMs(value)]));
}

/** The document that the values make. */
export function providerOf(values: Values): ProviderInit {
  const timers = TIMERS.filter((timer) => values.timeouts[timer] !== undefined);
  return {
    name: values.name.trim(),
    baseUrl: values.baseUrl.trim(),
    dialect: values.dialect,
    endpoints: endpointsOf(values.endpoints),
    credentials: values.credentials.map((credential) => ({
      name: credential.name.trim(),
      secret: hasSecret(credential) ? credential.secret : '',
      enabled: credential.enabled,
      ...cloudOf(credential),
    })),
    headers: toMap(values.headers),
    secretHeaders: parametersOf(values.secretHeaders),
    secretQuery: parametersOf(values.secretQuery),
    forwardHeaders: values.forwardHeaders,
    allowPrivateNetwork: values.allowPrivateNetwork,
    maxInFlight: values.maxInFlight,
    enabled: values.enabled,
    fieldRules: documentsOf(values.fieldRules),
    caCertificates: values.caCertificates.trim() === '' ? '' : values.caCertificates,
    ...wayOf(values),
    timeouts:
      timers.length > 0
        ? Object.fromEntries(
            timers.map((timer): [Timer, Duration] => [timer, durationFromMs(values.timeouts[timer] ?? 0)]),
          )
        : undefined,
  };
}

/** The parts of the way that are set; without an address there is no proxy, whatever else was typed. */
function wayOf({ clientCertificate: client, proxy }: WayValues) {
  const { certificate, secret } = client;
  const { url, username, secret: password, allowPrivateNetwork } = proxy;
  return {
    clientCertificate: certificate.trim() === '' ? undefined : { certificate, secret },
    proxy:
      url.trim() === ''
        ? undefined
        : { url: url.trim(), username: username.trim(), secret: password, allowPrivateNetwork },
  };
}

const parametersOf = (all: ParameterValues[]) => all.map(({ name, secret }) => ({ name: name.trim(), secret }));

/** The fields in which two sets of values differ. */
export function changedFields(before: Values, after: Values): Field[] {
  const of = (values: Values, field: Field) => JSON.stringify(comparable(values, field));
  return (Object.keys(FIELDS) as Field[]).filter((field) => of(before, field) !== of(after, field));
}

function comparable(values: Values, field: Field): unknown {
  switch (field) {
    case 'credentials':
      return values.credentials.map((one) => [one.name, one.secret, one.enabled, cloudOf(one)]);
    case 'secretHeaders':
    case 'secretQuery':
      return parametersOf(values[field]);
    case 'endpoints':
      return endpointsOf(values.endpoints);
    case 'clientCertificate':
    case 'proxy':
      return wayOf(values)[field] ?? null;
    case 'headers':
      return Object.entries(toMap(values.headers)).sort(([a], [b]) => (a < b ? -1 : 1));
    case 'timeouts':
      return TIMERS.map((timer) => values.timeouts[timer] ?? null);
    default:
      return values[field];
  }
}
