import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Credential, CredentialSchema } from '@/gen/trunkline/admin/v1/provider_pb';
import type { PlainKey } from '@/i18n';

/** What a credential becomes before it is sent; secret: it is sent as it is. */
export const KINDS = ['secret', 'awsSigv4', 'google', 'entra', 'oauth'] as const;
export type Kind = (typeof KINDS)[number];
export type CloudKind = Exclude<Kind, 'secret'>;

export const KIND_WORDS: Record<Kind, PlainKey> = {
  secret: 'providers.kind.secret',
  awsSigv4: 'providers.kind.aws',
  google: 'providers.kind.google',
  entra: 'providers.kind.entra',
  oauth: 'providers.kind.oauth',
};

/** Where a credential comes from; those that are the machine's identity have no secret. */
export const SOURCE_WORDS: Record<string, PlainKey> = {
  keys: 'providers.source.keys',
  instance: 'providers.source.instance',
  container: 'providers.source.container',
  web_identity: 'providers.source.webIdentity',
  key: 'providers.source.key',
  metadata: 'providers.source.metadata',
  secret: 'providers.source.secret',
  managed_identity: 'providers.source.managedIdentity',
  workload_identity: 'providers.source.workloadIdentity',
};
const WITH_SECRET = ['keys', 'key', 'secret'];

type CloudField = {
  name: string;
  label: PlainKey;
  /** What holds when it is empty, or an example of what must be given. */
  placeholder?: string;
  /** Sources that have it; default: all. */
  of?: readonly string[];
};

/** The sources of each kind, the default first, and its fields besides the secret. */
export const CLOUDS: Record<CloudKind, { sources: readonly string[]; fields: readonly CloudField[] }> = {
  awsSigv4: {
    sources: ['keys', 'instance', 'container', 'web_identity'],
    fields: [
      { name: 'region', label: 'providers.cloud.region', placeholder: 'us-east-1' },
      { name: 'accessKeyId', label: 'providers.cloud.accessKeyId', placeholder: 'AKIA…', of: ['keys'] },
      { name: 'service', label: 'providers.cloud.service', placeholder: 'bedrock' },
      { name: 'roleArn', label: 'providers.cloud.roleArn', placeholder: 'arn:aws:iam::123456789012:role/name' },
      { name: 'externalId', label: 'providers.cloud.externalId', of: ['keys', 'instance', 'container'] },
    ],
  },
  google: {
    sources: ['key', 'metadata'],
    fields: [
      {
        name: 'scopes',
        label: 'providers.cloud.scopes',
        placeholder: 'https://www.googleapis.com/auth/cloud-platform',
      },
      {
        name: 'serviceAccount',
        label: 'providers.cloud.serviceAccount',
        placeholder: 'default',
        of: ['metadata'],
      },
    ],
  },
  entra: {
    sources: ['secret', 'managed_identity', 'workload_identity'],
    fields: [
      { name: 'tenantId', label: 'providers.cloud.tenantId', of: ['secret', 'workload_identity'] },
      { name: 'clientId', label: 'providers.cloud.clientId' },
      { name: 'scope', label: 'providers.cloud.scope', placeholder: 'https://cognitiveservices.azure.com/.default' },
      {
        name: 'authority',
        label: 'providers.cloud.authority',
        placeholder: 'https://login.microsoftonline.com',
        of: ['secret'],
      },
    ],
  },
  oauth: {
    sources: ['secret'],
    fields: [
      { name: 'tokenUrl', label: 'providers.cloud.tokenUrl', placeholder: 'https://login.example.com/oauth2/token' },
      { name: 'clientId', label: 'providers.cloud.clientId' },
      { name: 'scope', label: 'providers.cloud.scope' },
      { name: 'audience', label: 'providers.cloud.audience' },
    ],
  },
};

/** The fields of every kind as the form holds them: what was typed stays when another kind is looked at. */
export type CloudValues = { kind: Kind } & Record<CloudKind, Record<string, string>>;

export const noCloud = (): CloudValues => ({
  kind: 'secret',
  awsSigv4: { source: 'keys' },
  google: { source: 'key' },
  entra: { source: 'secret' },
  oauth: { source: 'secret', clientAuth: 'basic' },
});

export const kindOf = (credential: Credential): Kind => KINDS.find((k) => k !== 'secret' && credential[k]) ?? 'secret';

export function cloudValuesOf(credential: Credential): CloudValues {
  const values = noCloud();
  values.kind = kindOf(credential);
  if (values.kind === 'secret') return values;
  const { $typeName: _, $unknown: __, ...given } = credential[values.kind] ?? { $typeName: '' };
  for (const [name, value] of Object.entries(given)) {
    const text = Array.isArray(value) ? value.join(' ') : String(value);
    if (text !== '') values[values.kind][name] = text;
  }
  return values;
}

/** Whether a secret belongs to the credential. */
export const hasSecret = (values: CloudValues) =>
  values.kind === 'secret' || WITH_SECRET.includes(values[values.kind].source ?? '');

/** The fields that the kind and source have; what is empty is as the server has it by default. */
export const fieldsOf = (kind: CloudKind, source: string) =>
  CLOUDS[kind].fields.filter(({ of }) => of === undefined || of.includes(source));

type CloudInit = Partial<Pick<Exclude<MessageInitShape<typeof CredentialSchema>, Credential>, CloudKind>>;

/** The part of the document that says how the credential is minted. */
export function cloudOf(values: CloudValues): CloudInit {
  if (values.kind === 'secret') return {};
  const { source = '', clientAuth = '', ...typed } = values[values.kind];
  const shown = fieldsOf(values.kind, source).map(({ name }) => [name, (typed[name] ?? '').trim()]);
  const { scopes, ...texts } = Object.fromEntries(shown.filter(([, text]) => text !== '')) as Record<string, string>;
  const own = values.kind === 'oauth' ? { clientAuth } : { source };
  const list = scopes === undefined ? {} : { scopes: scopes.split(/\s+/) };
  return { [values.kind]: { ...texts, ...own, ...list } };
}
