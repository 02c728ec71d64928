import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { ImportPlan } from '@/gen/trunkline/admin/v1/import_pb';
import { type Provider, ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { ForRole } from '@/ui/ForRole';
import { LeaveGuard } from '@/ui/LeaveGuard';
import { Loaded } from '@/ui/Loaded';
import { PageHeader } from '@/ui/Page';
import { Steps } from '@/ui/Steps';
import { Back } from '../Back';
import { useProvider } from '../queries';
import { ChooseStep } from './ChooseStep';
import { type Choice, choiceOf } from './choice';
import { FetchStep } from './FetchStep';
import { ReviewStep } from './ReviewStep';
import { RunStep } from './RunStep';

/** Brings the models that a provider lists: fetch, choose, review, and only then change anything. */
export function ImportWizard({ name }: { name: string }) {
  const { t } = useI18n();
  const provider = useProvider(name);
  return (
    <>
      <Back to={name}>{name}</Back>
      <PageHeader title={t('import.title', { name })} lead={t('import.lead')} />
      <ForRole call={ProviderService.method.importModels}>
        <Loaded query={provider}>{(found) => found && <Wizard provider={found} />}</Loaded>
      </ForRole>
    </>
  );
}

function Wizard({ provider }: { provider: Provider }) {
  const { t } = useI18n();
  const navigate = useNavigate();
  const [at, setAt] = useState(0);
  const [fetched, setFetched] = useState<ImportPlan>();
  const [choice, setChoice] = useState<Choice>(() => choiceOf(provider));
  const [saveRules, setSaveRules] = useState(provider.import?.rules !== undefined);
  const [running, setRunning] = useState(false);
  const [done, setDone] = useState(false);
  const restart = () => {
    setFetched(undefined);
    setAt(0);
  };
  return (
    <>
      <Steps
        label={t('import.steps')}
        steps={[t('import.step.fetch'), t('import.step.choose'), t('import.step.review')]}
        at={done ? 3 : at}
        onBack={running || done ? undefined : (step) => (step === 0 ? restart() : setAt(step))}
      />
      {at === 0 && (
        <FetchStep
          provider={provider}
          credential={choice.rules.credential}
          onCredential={(credential) => setChoice({ ...choice, rules: { ...choice.rules, credential } })}
          onFetched={(plan) => {
            setFetched(plan);
            setAt(1);
          }}
        />
      )}
      {at === 1 && fetched && (
        <ChooseStep
          provider={provider}
          fetched={fetched.models}
          choice={choice}
          onChange={setChoice}
          onNext={() => setAt(2)}
        />
      )}
      {at === 2 && fetched && !running && (
        <ReviewStep
          provider={provider}
          fetched={fetched.models}
          choice={choice}
          saveRules={saveRules}
          onSaveRules={setSaveRules}
          onChange={setChoice}
          onBack={() => setAt(1)}
          onRun={() => setRunning(true)}
        />
      )}
      {running && fetched && (
        <RunStep
          provider={provider}
          fetched={fetched.models}
          choice={choice}
          saveRules={saveRules}
          onBack={() => setRunning(false)}
          onDone={() => setDone(true)}
          onModels={() => void navigate({ to: '/providers', search: { provider: provider.name, tab: 'models' } })}
        />
      )}
      <LeaveGuard when={at > 0 && !done} />
    </>
  );
}
