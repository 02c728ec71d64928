import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { ImportAction, ImportedModelSchema } from '@/gen/trunkline/admin/v1/import_pb';
import { ProviderSchema } from '@/gen/trunkline/admin/v1/provider_pb';
import { type Choice, candidatesOf, choiceOf, isAskable, requestOf } from './choice';

const provider = create(ProviderSchema, { name: 'p', models: [{ id: 'old', alias: 'mine' }] });
const listed = [
  ['old', ImportAction.KEEP],
  ['gpt-4o', ImportAction.ADD],
  ['gpt-audio', ImportAction.ADD],
  ['taken-out', ImportAction.REMOVED],
  ['vanished', ImportAction.GONE],
].map(([id, action]) => create(ImportedModelSchema, { id: id as string, action: action as ImportAction }));
const usual = choiceOf(provider);
const choose = (change: Partial<Choice>) => {
  const choice = { ...usual, ...change };
  const candidates = candidatesOf(provider, listed, choice);
  return {
    standing: Object.fromEntries(candidates.map((c) => [c.model.id, c.isOn ? 'on' : c.standing])),
    alias: Object.fromEntries(candidates.map((c) => [c.model.id, c.alias])),
    asked: requestOf(candidates, choice),
    isAskable: isAskable(candidates),
  };
};

test('everything new is chosen, what is there stays, what someone removed stays out', () => {
  const { standing, asked } = choose({});
  expect(standing).toEqual({ old: 'present', 'gpt-4o': 'on', 'gpt-audio': 'on', 'taken-out': 'removed' });
  expect(asked).toMatchObject({ models: [], restoreRemoved: false });
});

test('rules leave models out without naming the others', () => {
  const { standing, asked } = choose({ rules: { ...usual.rules, exclude: ['audio'] } });
  expect(standing['gpt-audio']).toBe('left');
  expect(asked.models).toEqual([]);
  expect(asked.rules).toMatchObject({ exclude: ['audio'], alias: undefined });
});

test('what is taken out by hand makes the others be named', () => {
  const { standing, asked } = choose({ off: new Set(['gpt-audio']) });
  expect(standing['gpt-audio']).toBe('new');
  expect(asked.models).toEqual(['gpt-4o']);
});

test('choosing nothing cannot be asked for, as naming none means all', () => {
  expect(choose({ off: new Set(['gpt-audio', 'gpt-4o']) }).isAskable).toBe(false);
  expect(choose({ rules: { ...usual.rules, exclude: ['*'] } }).isAskable).toBe(true);
});

test('removed ones come back when asked for', () => {
  const { standing, asked } = choose({ restoreRemoved: true });
  expect(standing['taken-out']).toBe('on');
  expect(asked.restoreRemoved).toBe(true);
});

test('aliases: what is there keeps its own, one written by hand wins over the template', () => {
  const template = { stripVendor: false, lowerCase: false, prefix: 'x-', suffix: '' };
  const { alias } = choose({ rules: { ...usual.rules, template, aliases: { 'gpt-4o': 'best' } } });
  expect(alias).toMatchObject({ old: 'mine', 'gpt-4o': 'best', 'gpt-audio': 'x-gpt-audio' });
});
