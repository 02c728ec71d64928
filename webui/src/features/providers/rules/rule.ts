import type { FieldRule } from '@/gen/trunkline/admin/v1/field_rule_pb';
import type { LearnedRefusal } from '@/gen/trunkline/admin/v1/refusal_pb';

export const ACTIONS = ['drop', 'rename', 'default', 'force'] as const;
export type Action = (typeof ACTIONS)[number];

/** A field rule as forms hold it; endpoints between commas. */
export type RuleValues = { field: string; action: Action; to: string; value: string; endpoints: string };

export const newRule = (): RuleValues => ({ field: '', action: 'drop', to: '', value: '', endpoints: '' });

export const rulesOf = (rules: readonly FieldRule[]): RuleValues[] =>
  rules.map((rule) => ({
    field: rule.field,
    action: ACTIONS.find((action) => action === rule.action) ?? 'drop',
    to: rule.to,
    value: rule.value,
    endpoints: rule.endpoints.join(', '),
  }));

/** As they are sent: without what does not belong to the action. */
export const documentsOf = (rules: readonly RuleValues[]) =>
  rules.map(({ field, action, to, value, endpoints }) => ({
    field: field.trim(),
    action,
    to: action === 'rename' ? to.trim() : '',
    value: action === 'default' || action === 'force' ? value.trim() : '',
    endpoints: endpoints
      .split(',')
      .map((endpoint) => endpoint.trim().replace(/^\/+/, ''))
      .filter((endpoint) => endpoint !== ''),
  }));

/** A rule in a line, such as "rename max_tokens → max_completion_tokens". */
export function ruleText({ field, action, to, value, endpoints }: RuleValues): string {
  const operand = action === 'rename' ? ` → ${to}` : action === 'drop' ? '' : ` = ${value}`;
  return `${action} ${field}${operand}${endpoints ? ` (${endpoints})` : ''}`;
}

const CONTENT = ['images', 'audio', 'files', 'developer', 'stream_options'];

/** The rule that makes a target take what it refuses; undefined where none can. */
export function ruleFor({ parameter, endpoint }: LearnedRefusal): RuleValues | undefined {
  if (parameter === '' || CONTENT.includes(parameter)) return undefined;
  const rule = { ...newRule(), field: parameter, endpoints: endpoint };
  return parameter === 'max_tokens' && endpoint === 'chat/completions'
    ? { ...rule, action: 'rename', to: 'max_completion_tokens' }
    : rule;
}
