import { Checkbox, Radio, Switch, Textarea, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useGroupNames, useProviderNames } from '@/api/queries';
import { KeywordService } from '@/gen/trunkline/admin/v1/keyword_pb';
import { useI18n } from '@/i18n';
import { MultiCombo } from '@/ui/fields/Combo';
import { Editable } from '@/ui/fields/Editable';
import { FieldPart, Fields } from '@/ui/fields/Form';
import { Segments } from '@/ui/Segments';
import { DryRun } from './DryRun';
import { type Action, type Draft, messageOf, SCOPES } from './draft';
import c from './keywords.module.css';
import { actionNotes, actionWords, scopeWords } from './words';

const ACTIONS: readonly Action[] = ['move', 'count', 'log'];

/** Every field of a failure keyword, the same for a new one and for one that is stored. */
export function KeywordForm({ form, isNew }: { form: UseFormReturnType<Draft>; isNew: boolean }) {
  const { t } = useI18n();
  const providers = useProviderNames().data ?? [];
  const groups = useGroupNames().data ?? [];
  const { createFailureKeyword, updateFailureKeyword } = KeywordService.method;
  const isPattern = form.values.kind === 'pattern';
  return (
    <Fields>
      <Editable call={isNew ? createFailureKeyword : updateFailureKeyword}>
        <TextInput
          label={t('keywords.name')}
          description={isNew ? t('keywords.nameHow') : undefined}
          disabled={!isNew}
          data-autofocus={isNew || undefined}
          {...form.getInputProps('name')}
        />
        <Switch label={t('keywords.enabled')} {...form.getInputProps('enabled', { type: 'checkbox' })} />
        <Segments
          label={t('keywords.match')}
          value={form.values.kind}
          options={[
            { value: 'keyword', label: t('keywords.asText') },
            { value: 'pattern', label: t('keywords.asPattern') },
          ]}
          onChange={(kind) => form.setFieldValue('kind', kind)}
        />
        <Textarea
          key={form.values.kind}
          label={t(isPattern ? 'keywords.pattern' : 'keywords.text')}
          description={t(isPattern ? 'keywords.patternHow' : 'keywords.textHow')}
          autosize
          minRows={1}
          maxRows={6}
          classNames={{ input: c.mono }}
          spellCheck={false}
          {...form.getInputProps(form.values.kind)}
          error={form.errors[form.values.kind] ?? form.errors.keyword ?? form.errors.pattern}
        />
        <Radio.Group
          label={t('keywords.action')}
          {...form.getInputProps('action')}
          error={form.errors.count ?? form.errors.logOnly}
        >
          <div className={c.choices}>
            {ACTIONS.map((action) => (
              <Radio key={action} value={action} label={t(actionWords[action])} description={t(actionNotes[action])} />
            ))}
          </div>
        </Radio.Group>
        <Checkbox.Group
          label={t('keywords.scopes')}
          description={t('keywords.scopesHow')}
          {...form.getInputProps('scopes')}
        >
          <div className={c.choices}>
            {SCOPES.map((scope) => (
              <Checkbox key={scope} value={scope} label={t(scopeWords[scope])} />
            ))}
          </div>
        </Checkbox.Group>
        <FieldPart title={t('keywords.only')} folded={form.values.providers.length + form.values.groups.length === 0}>
          <MultiCombo
            label={t('keywords.providers')}
            description={t('keywords.providersHow')}
            data={providers}
            {...form.getInputProps('providers')}
          />
          <MultiCombo
            label={t('keywords.groups')}
            description={t('keywords.groupsHow')}
            data={groups}
            {...form.getInputProps('groups')}
          />
        </FieldPart>
      </Editable>
      <DryRun keyword={messageOf(form.values)} />
    </Fields>
  );
}
