import { Check } from 'lucide-react';
import { applyCommand, curlSnippet, GROUP_YAML, KEY_YAML, PROVIDER_YAML } from '@/api/snippets';
import { type PlainKey, useI18n } from '@/i18n';
import { CodeBlock } from '@/ui/Code';
import { Card } from '@/ui/Page';
import c from './dashboard.module.css';

const steps = [
  { title: 'dashboard.setup.provider', text: 'dashboard.setup.providerText' },
  { title: 'dashboard.setup.group', text: 'dashboard.setup.groupText' },
  { title: 'dashboard.setup.key', text: 'dashboard.setup.keyText' },
  { title: 'dashboard.setup.call', text: 'dashboard.setup.callText' },
] as const satisfies readonly { title: PlainKey; text: PlainKey }[];

/** The way from an empty installation to the first answered call; ticks itself off. */
export function Checklist({
  done,
  gateway,
  group,
}: {
  done: readonly boolean[];
  gateway: string;
  /** A group to call, once there is one. */
  group: string | undefined;
}) {
  const { t } = useI18n();
  const current = done.indexOf(false);
  const file = [
    { name: 'provider.yaml', code: PROVIDER_YAML },
    { name: 'group.yaml', code: GROUP_YAML },
    { name: 'key.yaml', code: KEY_YAML },
  ][current];
  return (
    <div className={c.setup}>
      <Card title={t('dashboard.setup.title')} sub={t('dashboard.setup.sub')}>
        <ol className={c.steps}>
          {steps.map((step, i) => (
            <li key={step.title} data-done={done[i]} aria-current={i === current ? 'step' : undefined}>
              <span className={c.mark}>
                {done[i] ? (
                  <Check size={14} strokeWidth={3} aria-label={t('dashboard.setup.done')} />
                ) : (
                  <span aria-hidden>{i + 1}</span>
                )}
              </span>
              <div className={c.step}>
                <h3>{t(step.title)}</h3>
                {i === current && (
                  <>
                    <p>{t(step.text)}</p>
                    {file ? (
                      <div className={c.snippets}>
                        <CodeBlock label={file.name} code={file.code} />
                        <CodeBlock label={t('snippet.shell')} code={applyCommand(file.name)} />
                      </div>
                    ) : (
                      <CodeBlock label={t('snippet.shell')} code={curlSnippet(gateway, group ?? 'gpt-4-pool')} />
                    )}
                  </>
                )}
              </div>
            </li>
          ))}
        </ol>
      </Card>
    </div>
  );
}
