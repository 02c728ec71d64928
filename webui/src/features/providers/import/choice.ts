import type { MessageInitShape } from '@bufbuild/protobuf';
import { ImportAction, type ImportedModel } from '@/gen/trunkline/admin/v1/import_pb';
import type { PreviewImportRequestSchema, Provider } from '@/gen/trunkline/admin/v1/provider_pb';
import { admits, aliasOf } from './patterns';
import { documentOf, type Rules, rulesOf } from './rules';

/** What shall be imported: by rules, less the models that someone took out by hand. */
export type Choice = {
  rules: Rules;
  /** New models that the rules let in and that were taken out. */
  off: ReadonlySet<string>;
  restoreRemoved: boolean;
};

export const choiceOf = (provider: Provider): Choice => ({
  rules: rulesOf(provider.import?.rules),
  off: new Set(),
  restoreRemoved: false,
});

/** present: it is there. removed: an admin took it out. left: the rules leave it out. new: it would come. */
export type Standing = 'present' | 'removed' | 'left' | 'new';
export type Candidate = { model: ImportedModel; standing: Standing; alias: string; isOn: boolean };

/** The listed models as the choice stands. */
export function candidatesOf(provider: Provider, fetched: readonly ImportedModel[], choice: Choice): Candidate[] {
  const present = new Map(provider.models.map((model) => [model.id, model]));
  const isAdmitted = admits(choice.rules.include, choice.rules.exclude);
  return fetched
    .filter((model) => model.action !== ImportAction.GONE)
    .map((model) => {
      const there = present.get(model.id);
      const standing: Standing = there
        ? 'present'
        : !isAdmitted(model.id)
          ? 'left'
          : model.action === ImportAction.REMOVED && !choice.restoreRemoved
            ? 'removed'
            : 'new';
      const alias = there ? there.alias : (choice.rules.aliases[model.id] ?? aliasOf(choice.rules.template, model.id));
      return { model, standing, alias, isOn: standing === 'new' && !choice.off.has(model.id) };
    });
}

type Asked = Pick<MessageInitShape<typeof PreviewImportRequestSchema>, 'rules' | 'models' | 'restoreRemoved'>;

/** The request for it: single models are named only when some were taken out. */
export function requestOf(candidates: readonly Candidate[], choice: Choice): Asked {
  const fresh = candidates.filter((candidate) => candidate.standing === 'new');
  const isAll = fresh.every((candidate) => candidate.isOn);
  return {
    rules: documentOf(choice.rules),
    models: isAll ? [] : fresh.filter((candidate) => candidate.isOn).map((candidate) => candidate.model.id),
    restoreRemoved: choice.restoreRemoved,
  };
}

/** Whether it can be asked for: no model at all cannot, as naming none means all. */
export function isAskable(candidates: readonly Candidate[]): boolean {
  const fresh = candidates.filter((candidate) => candidate.standing === 'new');
  return fresh.length === 0 || fresh.some((candidate) => candidate.isOn);
}
