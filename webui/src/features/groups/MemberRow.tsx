import { Link } from '@tanstack/react-router';
import type { MemberView } from '@/api/health';
import { type PlainKey, useI18n } from '@/i18n';
import { HealthDetail } from '@/ui/HealthPill';
import { Tag } from '@/ui/Page';
import { PriceText } from '@/ui/Price';
import c from './groups.module.css';

const disabledWords: Record<NonNullable<MemberView['disabledBy']>, PlainKey> = {
  member: 'groups.member.disabled',
  provider: 'groups.member.providerDisabled',
  missing: 'groups.member.missing',
};

/** One member, at its place in the failover order. */
export function MemberRow({ view, position }: { view: MemberView; position: number }) {
  const { t, int, percent } = useI18n();
  const { member, model, health, disabledBy, turn, share } = view;
  const alone = health.state === 'cooling';
  return (
    <li className={c.member} data-first={turn === 'first'} data-off={disabledBy !== null}>
      <span className={`${c.position} num`} aria-hidden>
        {int(position)}
      </span>
      <div className={c.who}>
        <p>
          <Link to="/providers" search={{ provider: member.provider }} className={c.provider}>
            {member.provider}
          </Link>
          {turn === 'first' && <Tag>{alone ? t('groups.member.lastResort') : t('groups.member.first')}</Tag>}
          {turn === 'next' && <Tag quiet>{t('groups.member.next')}</Tag>}
        </p>
        <p className={`${c.model} mono`}>
          {model && model.id !== member.model ? `${member.model} → ${model.id}` : member.model}
        </p>
      </div>
      <div className={c.state}>
        <HealthDetail health={health} />
        {disabledBy && <span className={c.note}>{t(disabledWords[disabledBy])}</span>}
      </div>
      <dl className={c.numbers}>
        <div>
          <dt>{t('groups.member.priority')}</dt>
          <dd className="num">{int(member.priority)}</dd>
        </div>
        <div>
          <dt>{t('groups.member.weight')}</dt>
          <dd className="num">
            {int(member.weight ?? 1)}
            {share !== undefined && <span className={c.share}>{percent(share)}</span>}
          </dd>
        </div>
        <div className={c.price}>
          <dt>{t('groups.member.price')}</dt>
          <dd className="num">
            <PriceText price={model?.price} />
          </dd>
        </div>
      </dl>
    </li>
  );
}
