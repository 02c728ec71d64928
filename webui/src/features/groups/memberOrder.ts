/** A member of a group as it is edited. Those with the same priority share the calls. */
export type MemberDraft = { provider: string; model: string; priority: number; weight: number; enabled: boolean };

export const idOf = (m: Pick<MemberDraft, 'provider' | 'model'>) => JSON.stringify([m.provider, m.model]);
export const nameOf = (m: Pick<MemberDraft, 'provider' | 'model'>) => `${m.provider} / ${m.model}`;

/** In the order in which they are tried; those of one priority as they are listed. */
export const inOrder = (members: readonly MemberDraft[]) => [...members].sort((a, b) => a.priority - b.priority);

/** Whether a member has the same priority as the one above it. */
export const isTied = (members: readonly MemberDraft[], at: number) =>
  at > 0 && members[at]?.priority === members[at - 1]?.priority;

/** Whether anyone has the same priority as a member. */
export const isShared = (members: readonly MemberDraft[], at: number) => isTied(members, at) || isTied(members, at + 1);

/** The place of a member's priority among all priorities, from 1. */
export const levelOf = (members: readonly MemberDraft[], at: number) =>
  members.slice(0, at + 1).filter((_, i) => !isTied(members, i)).length;

/** Numbers the priorities from 1, a new one wherever nothing ties a member to the one above. */
function numbered(members: readonly MemberDraft[], tied: (at: number) => boolean): MemberDraft[] {
  let priority = 0;
  return members.map((member, at) => {
    if (at === 0 || !tied(at)) priority++;
    return { ...member, priority };
  });
}

/** The same order with priorities numbered from 1: what two orders are compared by. */
export const normal = (members: readonly MemberDraft[]) => numbered(members, (at) => isTied(members, at));

/**
 * After one was moved it has a priority of its own, unless it came between two that share one: then it
 * shares it too. The others keep what they share.
 */
export function moved(members: readonly MemberDraft[], one: MemberDraft): MemberDraft[] {
  const at = members.indexOf(one);
  const [above, below] = [members[at - 1], members[at + 1]];
  const joins = above !== undefined && above.priority === below?.priority;
  return numbered(members, (i) => (i === at || i === at + 1 ? joins : isTied(members, i)));
}

/** Gives a member the priority of the one above it, or one of its own; those tied to it stay tied. */
export function tie(members: readonly MemberDraft[], at: number, on: boolean): MemberDraft[] {
  return numbered(members, (i) => (i === at ? on : isTied(members, i)));
}

/** Puts new ones behind all others, each with a priority of its own. */
export function added(members: readonly MemberDraft[], more: readonly Pick<MemberDraft, 'provider' | 'model'>[]) {
  const last = members.at(-1)?.priority ?? 0;
  return [...members, ...more.map((m, i) => ({ ...m, priority: last + 1 + i, weight: 1, enabled: true }))];
}
