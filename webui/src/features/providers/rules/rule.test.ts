import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { LearnedRefusalSchema } from '@/gen/trunkline/admin/v1/refusal_pb';
import { documentsOf, newRule, ruleFor, ruleText } from './rule';

const refusal = (parameter: string, endpoint = 'chat/completions') =>
  create(LearnedRefusalSchema, { parameter, endpoint });

test('only what belongs to the action is sent', () => {
  const sent = documentsOf([
    { field: ' a ', action: 'drop', to: 'b', value: '1', endpoints: '' },
    { field: 'a', action: 'rename', to: ' b ', value: '1', endpoints: '/rerank, embeddings ,' },
    { field: 'a', action: 'force', to: 'b', value: ' "x" ', endpoints: '' },
  ]);
  expect(sent).toEqual([
    { field: 'a', action: 'drop', to: '', value: '', endpoints: [] },
    { field: 'a', action: 'rename', to: 'b', value: '', endpoints: ['rerank', 'embeddings'] },
    { field: 'a', action: 'force', to: '', value: '"x"', endpoints: [] },
  ]);
});

test('a refusal offers the rule that helps, where one does', () => {
  expect(ruleText(ruleFor(refusal('max_tokens')) ?? newRule())).toBe(
    'rename max_tokens → max_completion_tokens (chat/completions)',
  );
  expect(ruleText(ruleFor(refusal('temperature', 'messages')) ?? newRule())).toBe('drop temperature (messages)');
  for (const parameter of ['', 'images', 'developer', 'stream_options']) {
    expect(ruleFor(refusal(parameter))).toBeUndefined();
  }
});
