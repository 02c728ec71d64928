import { create } from '@bufbuild/protobuf';
import { Button } from '@mantine/core';
import { useAction } from '@/api/useAction';
import { FieldRuleSchema } from '@/gen/trunkline/admin/v1/field_rule_pb';
import { type Provider, ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import type { LearnedRefusal } from '@/gen/trunkline/admin/v1/refusal_pb';
import { useI18n } from '@/i18n';
import { Card } from '@/ui/Page';
import { refusalKey, refusedThing } from '@/ui/refusal';
import { ClockTime } from '@/ui/Time';
import c from '../detail/detail.module.css';
import { documentsOf, ruleFor, rulesOf, ruleText } from './rule';
import own from './rules.module.css';

/** What models were seen to refuse, since and until when, and the rule that makes them take it. */
export function RefusalsCard({ provider, refusals }: { provider: Provider; refusals: readonly LearnedRefusal[] }) {
  const { t } = useI18n();
  if (refusals.length === 0) return null;
  return (
    <Card title={t('providers.refusals.title')} sub={t('providers.refusals.sub')} flush>
      <ul className={`${c.list} ${own.refusals}`}>
        {refusals.map((one) => (
          <Line key={refusalKey(one)} provider={provider} refusal={one} />
        ))}
      </ul>
    </Card>
  );
}

function Line({ provider, refusal }: { provider: Provider; refusal: LearnedRefusal }) {
  const { t, list } = useI18n();
  const { model, endpoint, parameter, caller, nodes, sinceTime, untilTime } = refusal;
  const stored = provider.models.find(({ id }) => id === model);
  const helps = stored && ruleFor(refusal);
  const isThere = helps && rulesOf(stored.fieldRules).some((one) => ruleText(one) === ruleText(helps));
  const rule = isThere ? undefined : helps; // the refusal is remembered for a while after the rule is there
  const save = useAction(ProviderService.method.updateProvider, {
    done: () => t('providers.saved', { name: provider.name }),
  });
  const add = () => {
    if (!rule) return;
    const models = provider.models.map((other) =>
      other.id === model
        ? {
            ...other,
            fieldRules: [...other.fieldRules, ...documentsOf([rule]).map((one) => create(FieldRuleSchema, one))],
          }
        : other,
    );
    save.run({ provider: { name: provider.name, etag: provider.etag, models }, updateMask: { paths: ['models'] } });
  };
  return (
    <li>
      <div>
        <b className="mono">{model}</b>
        <small>
          {[
            caller !== '' && t('providers.refusals.caller', { name: caller.replace(/^(key|owner):/, '') }),
            nodes.length > 0 && t('providers.health.on', { nodes: list(nodes) }),
          ]
            .filter(Boolean)
            .join(' · ')}
        </small>
      </div>
      <div>
        <span className="mono">
          {refusedThing(refusal)}
          {parameter !== '' && endpoint !== '' && ` · ${endpoint}`}
        </span>
        <small>
          {sinceTime && <ClockTime at={sinceTime} />} – {untilTime && <ClockTime at={untilTime} />}
        </small>
      </div>
      {save.allowed && rule && (
        <Button
          variant="subtle"
          size="compact-sm"
          classNames={{ root: own.offer, label: own.offerLabel }}
          loading={save.busy}
          onClick={add}
        >
          {t('providers.refusals.rule', { rule: ruleText({ ...rule, endpoints: '' }) })}
        </Button>
      )}
    </li>
  );
}
