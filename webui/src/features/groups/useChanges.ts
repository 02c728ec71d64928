import { type PlainKey, useI18n } from '@/i18n';
import type { Change } from '@/ui/Changes';
import { usePolicyText } from '@/ui/policy/usePolicyText';
import { type BodyLogDraft, changedFields, type Draft, type Field, type Selection } from './draft';
import { idOf, isTied, type MemberDraft, nameOf } from './memberOrder';

export const selectionWords: Record<Selection, { name: PlainKey; how: PlainKey }> = {
  cheapest: { name: 'groups.selection.cheapest', how: 'groups.selection.cheapestHow' },
  weighted: { name: 'groups.selection.weighted', how: 'groups.selection.weightedHow' },
  least_busy: { name: 'groups.selection.leastBusy', how: 'groups.selection.leastBusyHow' },
  sticky: { name: 'groups.selection.sticky', how: 'groups.selection.stickyHow' },
};

const logWords: Record<keyof BodyLogDraft, PlainKey> = {
  enabled: 'groups.log.enabled',
  maxBytes: 'groups.log.maxBytes',
  sample: 'groups.log.sample',
  redact: 'groups.log.redact',
  redactEmails: 'groups.log.redactEmails',
  retention: 'groups.log.retention',
};

/** Says in words how one state of a group differs from another. */
export function useChanges(): (before: Draft, after: Draft) => Change[] {
  const { t, int, list, setting } = useI18n();
  const policy = usePolicyText();
  const yes = (on: boolean) => t(on ? 'policy.yes' : 'policy.no');

  /** a / m → b / m = c / m: an equals sign where two share a priority. */
  const order = (members: readonly MemberDraft[]) =>
    members.map((m, i) => `${isTied(members, i) ? '=' : i === 0 ? '' : '→'} ${nameOf(m)}`.trim()).join(' ');

  const members = (before: readonly MemberDraft[], after: readonly MemberDraft[]): Change[] => {
    const old = new Map(before.map((m) => [idOf(m), m]));
    const now = new Set(after.map(idOf));
    const gone = before.filter((m) => !now.has(idOf(m))).map((m) => ({ name: t('groups.member'), before: nameOf(m) }));
    const fresh = after.filter((m) => !old.has(idOf(m))).map((m) => ({ name: t('groups.member'), after: nameOf(m) }));
    const others = after.flatMap((m): Change[] => {
      const was = old.get(idOf(m));
      if (!was) return [];
      const name = (what: PlainKey) => `${nameOf(m)}: ${t(what)}`;
      return [
        ...(was.weight === m.weight
          ? []
          : [{ name: name('groups.member.weight'), before: int(was.weight), after: int(m.weight) }]),
        ...(was.enabled === m.enabled
          ? []
          : [{ name: name('groups.member.takesPart'), before: yes(was.enabled), after: yes(m.enabled) }]),
      ];
    });
    const stayed = (all: readonly MemberDraft[]) => all.filter((m) => old.has(idOf(m)) && now.has(idOf(m)));
    const [was, is] = [order(stayed(before)), order(stayed(after))];
    return [...(was === is ? [] : [{ name: t('groups.order'), before: was, after: is }]), ...gone, ...fresh, ...others];
  };

  const logValue = (field: keyof BodyLogDraft, log: BodyLogDraft): string => {
    const value = log[field];
    if (typeof value === 'boolean') return yes(value);
    if (value === '' || value === undefined) return t('policy.inherited');
    if (field === 'retention') return setting(Number(value));
    return field === 'sample' ? `${value} %` : int(Number(value));
  };
  const bodyLog = (before: BodyLogDraft, after: BodyLogDraft): Change[] =>
    (Object.keys(logWords) as (keyof BodyLogDraft)[])
      .filter((field) => before[field] !== after[field])
      .map((field) => ({
        name: `${t('groups.log.title')}: ${t(logWords[field])}`,
        before: logValue(field, before),
        after: logValue(field, after),
      }));

  const plain = (name: PlainKey, text: (d: Draft) => string | undefined) => (before: Draft, after: Draft) => [
    { name: t(name), before: text(before), after: text(after) },
  ];
  const describe: Record<Field, (before: Draft, after: Draft) => Change[]> = {
    displayName: plain('groups.displayName', (d) => d.displayName || undefined),
    aliases: plain('groups.aliases', (d) => (d.aliases.length > 0 ? list(d.aliases) : undefined)),
    enabled: plain('groups.enabled', (d) => yes(d.enabled)),
    selection: plain('groups.selection', (d) => t(selectionWords[d.selection].name)),
    members: (before, after) => members(before.members, after.members),
    policy: (before, after) => policy.changes(before.policy, after.policy),
    bodyLog: (before, after) => bodyLog(before.bodyLog, after.bodyLog),
  };
  return (before, after) => changedFields(before, after).flatMap((field) => describe[field](before, after));
}
