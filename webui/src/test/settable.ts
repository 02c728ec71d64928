import {
  create,
  type DescField,
  type DescMessage,
  getOption,
  hasOption,
  type Message,
  ScalarType,
} from '@bufbuild/protobuf';
import { Visibility, visibility } from '@/gen/trunkline/admin/v1/visibility_pb';

/** Values that a field takes where any would not do, by message and field. */
export type Samples = Record<string, unknown>;

/** Of fields with a closed set of values, or of which another excludes them. */
export const SAMPLES: Samples = {
  'Group.selection': 'sticky',
  'Budget.amount': '5',
  'Budget.period': 'week',
  'FailoverPolicy.streamCommit': 'complete',
  'FailoverPolicy.emptyAnswer': 'move_on',
  'FailoverPolicy.translation': 'strict',
  'FieldRule.action': 'rename',
  'FieldRule.value': '',
  'Endpoint.format': 'cohere_v2',
  'Endpoint.api': 'rerank',
  'Email.security': 'tls',
  'RolloutPolicy.mode': 'canary',
};

/** Fields that callers may set. */
export function settable(field: DescField): boolean {
  const who = hasOption(field, visibility) ? getOption(field, visibility) : Visibility.UNSPECIFIED;
  return who === Visibility.UNSPECIFIED || who === Visibility.INPUT_ONLY;
}

const isWellKnown = (message: DescMessage) => message.typeName.startsWith('google.protobuf.');

/**
 * Every settable field of a message, set; which fields of a oneof, or of those that exclude each other, are
 * left out is for skip to say.
 */
export function filled(schema: DescMessage, samples: Samples, skip: (field: DescField) => boolean): Message {
  const message = create(schema) as Message;
  for (const field of schema.fields) {
    if (!settable(field) || skip(field)) continue;
    const sample = samples[`${schema.name}.${field.localName}`];
    const plain = message as unknown as Record<string, unknown>;
    if (sample !== undefined) {
      plain[field.localName] = sample;
      continue;
    }
    switch (field.fieldKind) {
      case 'scalar':
        plain[field.localName] = scalar(field.scalar, field.localName);
        break;
      case 'enum':
        plain[field.localName] = field.enum.values[1]?.number;
        break;
      case 'message':
        plain[field.localName] = inner(field.message, samples, skip);
        break;
      case 'list':
        plain[field.localName] = [
          field.listKind === 'message'
            ? inner(field.message, samples, skip)
            : scalar(ScalarType.STRING, field.localName),
        ];
        break;
      case 'map':
        plain[field.localName] = { key: 'value' };
    }
  }
  return message;
}

function inner(schema: DescMessage, samples: Samples, skip: (field: DescField) => boolean): Message {
  if (isWellKnown(schema)) return create(schema, { seconds: 7200n } as never) as Message;
  return filled(schema, samples, skip);
}

function scalar(type: ScalarType, name: string): unknown {
  switch (type) {
    case ScalarType.BOOL:
      return true;
    case ScalarType.DOUBLE:
      return 0.5;
    case ScalarType.INT32:
      return 7;
    case ScalarType.INT64:
    case ScalarType.UINT64:
      return 7n;
    default:
      return name.toLowerCase();
  }
}

/** Paths of what is set in one message and not in another. */
export function lost(schema: DescMessage, before: Message, after: Message | undefined, at = ''): string[] {
  const from = before as unknown as Record<string, unknown>;
  const to = (after ?? create(schema)) as unknown as Record<string, unknown>;
  return schema.fields.filter(settable).flatMap((field) => {
    const name = at + field.localName;
    const [a, b] = [from[field.localName], to[field.localName]];
    if (isUnset(a)) return [];
    if (isUnset(b)) return [name];
    const message =
      field.fieldKind === 'message' || (field.fieldKind === 'list' && field.listKind === 'message')
        ? field.message
        : undefined;
    if (!message || isWellKnown(message)) return [];
    const first = (value: unknown) => (Array.isArray(value) ? value[0] : value) as Message;
    return lost(message, first(a), first(b), `${name}.`);
  });
}

const isUnset = (value: unknown) =>
  value === undefined ||
  value === '' ||
  value === 0 ||
  value === 0n ||
  value === false ||
  (Array.isArray(value) && value.length === 0) ||
  (typeof value === 'object' && value !== null && Object.keys(value).filter((key) => key !== '$typeName').length === 0);

/** Paths of all fields that one may set, as the server names them; of lists the first row. */
export function pathsOf(schema: DescMessage, skip: (field: DescField) => boolean, at = ''): string[] {
  return schema.fields
    .filter((field) => settable(field) && !skip(field) && field.localName !== 'etag')
    .flatMap((field) => {
      const path = at + field.name;
      if (field.fieldKind === 'list')
        return field.listKind === 'message' ? pathsOf(field.message, skip, `${path}[0].`) : [`${path}[0]`];
      if (field.fieldKind === 'map') return [`${path}["key"]`];
      if (field.fieldKind === 'message' && !isWellKnown(field.message)) return pathsOf(field.message, skip, `${path}.`);
      return [path];
    });
}
