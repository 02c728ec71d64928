import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { GroupSchema } from '@/gen/trunkline/admin/v1/group_pb';
import { changedFields, copyOf, draftOf, emptyDraft, messageOf } from './draft';

const group = create(GroupSchema, {
  name: 'chat',
  aliases: ['gpt'],
  selection: 'weighted',
  members: [
    { provider: 'b', model: 'm', priority: 20 },
    { provider: 'a', model: 'm', priority: 10, weight: 3, enabled: false },
  ],
  policy: { failureThreshold: 3 },
  bodyLog: { enabled: true, maxBytes: 1000, sample: 0.25, redact: false, retention: { seconds: 86_400n } },
});

test('nothing is lost between the API and the form', () => {
  const draft = draftOf(group);
  expect(draft.members.map((m) => m.provider)).toEqual(['a', 'b']);
  expect(draft.bodyLog).toEqual({
    enabled: true,
    maxBytes: 1000,
    sample: 25,
    redact: false,
    redactEmails: false,
    retention: 86_400_000,
  });
  const again = draftOf(create(GroupSchema, messageOf(draft)));
  expect(changedFields(draft, again)).toEqual([]);
});

test('what is not set is sent as not set', () => {
  const message = messageOf({ ...emptyDraft(), name: ' new ' });
  expect(message).toMatchObject({ name: 'new', enabled: true, selection: 'cheapest', members: [] });
  expect(message.policy).toBeUndefined();
  expect(message.bodyLog).toBeUndefined();
});

test('only what differs counts as changed', () => {
  const before = draftOf(group);
  expect(changedFields(before, { ...before, aliases: [] })).toEqual(['aliases']);
  expect(changedFields(before, { ...before, policy: { ...before.policy, cooldown: 1000 } })).toEqual(['policy']);
  expect(changedFields(before, { ...before, policy: { ...before.policy, cooldown: undefined } })).toEqual([]);
  const renumbered = before.members.map((m, i) => ({ ...m, priority: i + 1 }));
  expect(changedFields(before, { ...before, members: renumbered })).toEqual([]);
  expect(changedFields(before, { ...before, members: renumbered.toReversed() })).toEqual(['members']);
});

test('a copy has another name and no aliases', () => {
  expect(copyOf(group, 'chat-copy')).toMatchObject({ name: 'chat-copy', aliases: [], selection: 'weighted' });
});
