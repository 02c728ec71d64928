import { Button, Switch, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { CircleCheck, CircleMinus, CircleX, LoaderCircle, PlugZap } from 'lucide-react';
import { toMs } from '@/api/duration';
import { useMay } from '@/api/role';
import type { ErrorTarget } from '@/api/useAction';
import { ProviderService, type TestProviderResponse, TestResult, TestStep } from '@/gen/trunkline/admin/v1/provider_pb';
import { type PlainKey, useI18n } from '@/i18n';
import { FormError } from '@/ui/FormError';
import { Combo } from '@/ui/fields/Combo';
import { Card } from '@/ui/Page';
import c from './test.module.css';
import { useProviderTest } from './useProviderTest';
import type { ProviderInit } from './values';

const WORDS: Record<TestStep, PlainKey> = {
  [TestStep.UNSPECIFIED]: 'providers.test.step',
  [TestStep.DNS]: 'providers.test.dns',
  [TestStep.TCP]: 'providers.test.tcp',
  [TestStep.TLS]: 'providers.test.tls',
  [TestStep.TOKEN]: 'providers.test.token',
  [TestStep.MODELS]: 'providers.test.models',
  [TestStep.CHAT]: 'providers.test.chat',
};
/** Only credentials that are not sent themselves need a token. */
const ORDER = [TestStep.DNS, TestStep.TCP, TestStep.TLS, TestStep.TOKEN, TestStep.MODELS, TestStep.CHAT];

/** What is asked for here, and the form of the provider where there is one. */
const eitherOf = (asked: ErrorTarget, form: ErrorTarget | undefined): ErrorTarget => ({
  setErrors: (errors) => {
    asked.setErrors(errors);
    form?.setErrors(errors);
  },
  getInputNode: (path) => asked.getInputNode(path) ?? form?.getInputNode(path) ?? null,
});

const toldOf = (steps: readonly TestProviderResponse[], step: TestStep) => steps.find((s) => s.step === step);

/** Tries a provider step by step, saved or not. */
export function TestConnection({
  name,
  draft,
  form,
  credentials,
  models,
}: {
  name: string;
  /** The provider as it stands in a form; undefined tests what is saved. */
  draft?: () => ProviderInit;
  /** The form of the draft. */
  form?: ErrorTarget;
  credentials: readonly string[];
  /** To choose the one to chat with. */
  models: readonly string[];
}) {
  const { t } = useI18n();
  const asked = useForm({ initialValues: { credential: '', chat: false, model: '' } });
  const { test, run, cancel } = useProviderTest({ target: eitherOf(asked, form), name });
  const { credential, chat, model } = asked.values;
  const chosen = credentials.includes(credential) ? credential : '';
  const may = useMay();
  if (!may(ProviderService.method.testProvider)) return null;
  const start = () => {
    asked.clearErrors();
    void run({ ...(draft ? { provider: draft() } : { name }), credential: chosen, chat, model: model.trim() });
  };
  return (
    <Card title={t('providers.test.title')} sub={t(draft ? 'providers.test.draft' : 'providers.test.saved')}>
      <div className={c.form}>
        {credentials.length > 1 && (
          <Combo
            label={t('providers.test.credential')}
            data={[...new Set(credentials)]}
            {...asked.getInputProps('credential')}
            value={chosen || null}
            onChange={(name) => asked.setFieldValue('credential', name ?? '')}
            placeholder={t('providers.test.first')}
            clearable
          />
        )}
        <Switch
          label={t('providers.test.withChat')}
          description={t('providers.test.costs')}
          {...asked.getInputProps('chat', { type: 'checkbox' })}
        />
        {chat && (
          <TextInput
            label={t('providers.test.model')}
            placeholder={models[0] ?? ''}
            {...asked.getInputProps('model')}
            classNames={{ input: 'mono' }}
            autoComplete="off"
            spellCheck={false}
          />
        )}
        <Button variant="default" leftSection={<PlugZap size={15} aria-hidden />} onClick={test?.busy ? cancel : start}>
          {t(test?.busy ? 'action.cancel' : 'providers.test.run')}
        </Button>
      </div>
      {test && (
        <ol className={c.steps} aria-label={t('providers.test.title')} aria-live="polite">
          {ORDER.filter((step) => step !== TestStep.TOKEN || toldOf(test.steps, step)).map((step, i) => {
            const told = toldOf(test.steps, step);
            if (told) return <Step key={step} told={told} />;
            const isNext = test.busy && i === test.steps.length;
            return isNext ? (
              <li key={step} data-result="running">
                <LoaderCircle size={16} aria-hidden />
                <b>{t(WORDS[step])}</b>
              </li>
            ) : null;
          })}
        </ol>
      )}
      <FormError error={test?.error} />
    </Card>
  );
}

const LOOKS = {
  [TestResult.UNSPECIFIED]: { Icon: CircleMinus, word: 'providers.test.skipped', name: 'skipped' },
  [TestResult.OK]: { Icon: CircleCheck, word: 'providers.test.ok', name: 'ok' },
  [TestResult.FAILED]: { Icon: CircleX, word: 'providers.test.failed', name: 'failed' },
  [TestResult.SKIPPED]: { Icon: CircleMinus, word: 'providers.test.skipped', name: 'skipped' },
} as const;

function Step({ told }: { told: TestProviderResponse }) {
  const { t, duration } = useI18n();
  const { Icon, word, name } = LOOKS[told.result];
  return (
    <li data-result={name}>
      <Icon size={16} aria-hidden />
      <b>
        {t(WORDS[told.step])}
        <span className="visually-hidden"> {t(word)}</span>
      </b>
      <span className="num">{told.duration ? duration(toMs(told.duration)) : t('providers.test.skipped')}</span>
      <p>{told.detail}</p>
    </li>
  );
}
