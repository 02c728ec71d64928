import type { MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { toMs } from '@/api/duration';
import type { BodyLog } from '@/gen/trunkline/admin/v1/call_body_pb';
import type { Group, GroupSchema } from '@/gen/trunkline/admin/v1/group_pb';
import { type PolicyDraft, policyDraft, policyMessage } from '@/ui/policy/policy';
import { inOrder, type MemberDraft, normal } from './memberOrder';

export const SELECTIONS = ['cheapest', 'weighted', 'least_busy', 'sticky'] as const;
export type Selection = (typeof SELECTIONS)[number];

/** What is kept of calls; empty numbers mean the default, and the share is in percent. */
export type BodyLogDraft = {
  enabled: boolean;
  maxBytes: number | string;
  sample: number | string;
  redact: boolean;
  redactEmails: boolean;
  retention: number | undefined;
};

/** A group as the form has it. */
export type Draft = {
  name: string;
  displayName: string;
  aliases: string[];
  enabled: boolean;
  selection: Selection;
  members: MemberDraft[];
  policy: PolicyDraft;
  bodyLog: BodyLogDraft;
};

/** What can be changed of a group, and how the API calls it. */
export const FIELDS = {
  displayName: 'display_name',
  aliases: 'aliases',
  enabled: 'enabled',
  selection: 'selection',
  members: 'members',
  policy: 'policy',
  bodyLog: 'body_log',
} as const;
export type Field = keyof typeof FIELDS;

const bodyLogDraft = (b: BodyLog | undefined): BodyLogDraft => ({
  enabled: b?.enabled ?? false,
  maxBytes: b?.maxBytes || '',
  sample: b?.sample === undefined ? '' : Math.round(b.sample * 10_000) / 100,
  redact: b?.redact ?? true,
  redactEmails: b?.redactEmails ?? false,
  retention: b?.retention ? toMs(b.retention) : undefined,
});

export const emptyDraft = (): Draft => ({
  name: '',
  displayName: '',
  aliases: [],
  enabled: true,
  selection: 'cheapest',
  members: [],
  policy: {},
  bodyLog: bodyLogDraft(undefined),
});

export const draftOf = (g: Group): Draft => ({
  name: g.name,
  displayName: g.displayName,
  aliases: [...g.aliases],
  enabled: g.enabled ?? true,
  selection: SELECTIONS.find((s) => s === g.selection) ?? 'cheapest',
  members: inOrder(
    g.members.map((m) => ({
      provider: m.provider,
      model: m.model,
      priority: m.priority,
      weight: m.weight ?? 1,
      enabled: m.enabled ?? true,
    })),
  ),
  policy: policyDraft(g.policy),
  bodyLog: bodyLogDraft(g.bodyLog),
});

/** A copy has the members and rules; name and aliases are unique. */
export const copyOf = (g: Group, name: string): Draft => ({ ...draftOf(g), name, aliases: [] });

export function messageOf(d: Draft): MessageInitShape<typeof GroupSchema> {
  const { maxBytes, sample, retention, ...log } = d.bodyLog;
  const isDefault = same(d.bodyLog, bodyLogDraft(undefined));
  return {
    name: d.name.trim(),
    displayName: d.displayName.trim(),
    aliases: d.aliases,
    enabled: d.enabled,
    selection: d.selection,
    members: d.members,
    policy: policyMessage(d.policy),
    bodyLog: isDefault
      ? undefined
      : {
          ...log,
          maxBytes: Number(maxBytes) || 0,
          sample: sample === '' ? undefined : Number(sample) / 100,
          retention: retention === undefined ? undefined : durationFromMs(retention),
        },
  };
}

/** Equal whatever the order of keys, and whether what is not set is undefined or absent. */
const same = (a: unknown, b: unknown) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .filter(([, v]) => v !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, v]) => [key, sorted(v)]);
}

/** What of a field matters: of priorities only their order. */
const partOf = (d: Draft, field: Field) => (field === 'members' ? normal(d.members) : d[field]);

export const changedFields = (before: Draft, after: Draft): Field[] =>
  (Object.keys(FIELDS) as Field[]).filter((field) => !same(partOf(before, field), partOf(after, field)));
