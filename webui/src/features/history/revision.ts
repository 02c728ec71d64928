import { Operation, type ResourceChange } from '@/gen/trunkline/admin/v1/revision_pb';
import type { PlainKey } from '@/i18n';

/** A revision's number as an address says it; undefined when it is no number. */
export function revisionOf(text: string | undefined): bigint | undefined {
  return text !== undefined && /^\d{1,19}$/.test(text) ? BigInt(text) : undefined;
}

export const operationWords: Record<Operation, PlainKey> = {
  [Operation.UNSPECIFIED]: 'history.changed',
  [Operation.UNCHANGED]: 'history.unchanged',
  [Operation.CREATE]: 'history.created',
  [Operation.UPDATE]: 'history.changed',
  [Operation.DELETE]: 'history.deleted',
  [Operation.ADOPT]: 'history.adopted',
};

const kinds: Record<string, PlainKey> = {
  Provider: 'history.provider',
  Group: 'history.group',
  ApiKey: 'history.apiKey',
  FailureKeyword: 'history.keyword',
  AlertChannel: 'history.alertChannel',
  Settings: 'history.settings',
  Database: 'history.database',
};

/** The word for a kind of resource; a kind that is not known keeps its own name. */
export const kindWord = (kind: string): PlainKey | undefined => kinds[kind];

/** Names a change among others. */
export const changeKey = (c: ResourceChange) => `${c.kind}/${c.name}`;
