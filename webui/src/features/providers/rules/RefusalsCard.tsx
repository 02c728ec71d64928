import { create } from '@bufbuild/protobuf';
import { Button } from '@mantine/core';
import { useAction } from '@/api/useAction';
import { FieldRuleSchema } from '@/gen/trunkline/admin/v1/field_rule_pb';
import { type Provider, ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import type { LearnedRefusal } from '@/gen/trunkline/admin/v1/refusal_pb';
import { useI18n } from '@/i18n';
import { Card } from '@/ui/Page';
import { ClockTime } from '@/ui/Time';
import c from '../detail/detail.module.css';
import { documentsOf, ruleFor, ruleText } from './rule';

/** What models were seen to refuse, since and until when, and the rule that makes them take it. */
export function RefusalsCard({ provider, refusals }: { provider: Provider; refusals: readonly LearnedRefusal[] }) {
  const { t } = useI18n();
  if (refusals.length === 0) return null;
  return (
    <Card title={t('providers.refusals.title')} sub={t('providers.refusals.sub')} flush>
      <ul className={c.list}>
        {refusals.map((one) => (
          <Line key={[one.model, one.endpoint, one.parameter, one.value].join(' ')} provider={provider} refusal={one} />
        ))}
      </ul>
    </Card>
  );
}

function Line({ provider, refusal }: { provider: Provider; refusal: LearnedRefusal }) {
  const { t, list } = useI18n();
  const { model, endpoint, parameter, value, caller, nodes, sinceTime, untilTime } = refusal;
  const rule = ruleFor(refusal);
  const save = useAction(ProviderService.method.updateProvider, {
    done: () => t('providers.saved', { name: provider.name }),
  });
  const add = () => {
    if (!rule) return;
    const models = provider.models.map((stored) =>
      stored.id === model
        ? {
            ...stored,
            fieldRules: [...stored.fieldRules, ...documentsOf([rule]).map((one) => create(FieldRuleSchema, one))],
          }
        : stored,
    );
    save.run({ provider: { name: provider.name, etag: provider.etag, models }, updateMask: { paths: ['models'] } });
  };
  return (
    <li>
      <div>
        <b className="mono">{model}</b>
        <small>
          {caller !== '' && `${t('providers.refusals.caller', { name: caller })} `}
          {nodes.length > 0 && t('providers.health.on', { nodes: list(nodes) })}
        </small>
      </div>
      <div>
        <span className="mono">
          {parameter === '' ? endpoint : `${parameter}${value && `=${value}`}`}
          {parameter !== '' && endpoint !== '' && ` · ${endpoint}`}
        </span>
        <small>
          {sinceTime && <ClockTime at={sinceTime} />} – {untilTime && <ClockTime at={untilTime} />}
        </small>
      </div>
      {rule && (
        <Button variant="subtle" size="compact-sm" loading={save.busy} onClick={add}>
          {t('providers.refusals.rule', { rule: ruleText({ ...rule, endpoints: '' }) })}
        </Button>
      )}
    </li>
  );
}
