import { Button } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { fieldErrors } from '@/api/fieldErrors';
import { useMay } from '@/api/role';
import { type Group, type GroupRoute, GroupService } from '@/gen/trunkline/admin/v1/group_pb';
import { useI18n } from '@/i18n';
import { Card } from '@/ui/Page';
import { SortableList } from '@/ui/SortableList';
import { AddMembers } from './AddMembers';
import type { Draft } from './draft';
import c from './groups.module.css';
import { MemberRow } from './MemberRow';
import { added, idOf, type MemberDraft, moved, nameOf } from './memberOrder';
import { selectionWords } from './useChanges';

type Form = UseFormReturnType<Draft>;

/** The members in the order in which calls try them, to be put into another. */
export function MembersCard({
  form,
  group,
  route,
  at = 0,
}: {
  form: Form;
  /** Unset for one that does not exist yet: then nothing is known of how members fare. */
  group?: Group;
  route?: GroupRoute | undefined;
  at?: number;
}) {
  const { t, sentences } = useI18n();
  const [isAdding, setAdding] = useState(false);
  const { members, selection } = form.values;
  const may = useMay();
  const isFixed = !may(group ? GroupService.method.updateGroup : GroupService.method.createGroup);
  const set = (next: MemberDraft[]) => {
    form.clearErrors();
    form.setFieldValue('members', next);
  };
  const known = [...(route?.candidates ?? []), ...(route?.leftOut ?? [])];
  const candidates = new Map(known.map((one) => [idOf({ provider: one.provider, model: one.memberModel }), one]));
  return (
    <Card
      title={t('groups.order')}
      sub={sentences(t('groups.orderSub'), t(selectionWords[selection].how))}
      aside={
        !isFixed && (
          <Button
            variant="subtle"
            size="compact-md"
            leftSection={<Plus size={15} aria-hidden />}
            onClick={() => setAdding(true)}
          >
            {t('groups.addMembers')}
          </Button>
        )
      }
      flush
    >
      {members.length === 0 ? (
        <p className={c.noMember}>{t('groups.noMember')}</p>
      ) : (
        <>
          <div className={c.columns} aria-hidden data-live={group !== undefined}>
            <span>{t('groups.member.target')}</span>
            {group && (
              <>
                <span>{t('groups.member.state')}</span>
                <span className={c.dayHead}>
                  {t('groups.member.day')}
                  <em>{t('groups.member.price')}</em>
                </span>
              </>
            )}
          </div>
          <SortableList
            label={t('groups.order')}
            items={members}
            idOf={idOf}
            nameOf={nameOf}
            onMove={(items, one) => set(moved(items, one))}
            disabled={isFixed}
          >
            {(member, index, handle) => (
              <MemberRow
                members={members}
                index={index}
                handle={handle}
                onChange={set}
                isFixed={isFixed}
                group={group?.name}
                candidate={candidates.get(idOf(member))}
                at={at}
                isSaved={group?.members.some((m) => idOf(m) === idOf(member)) ?? false}
                error={Object.values(fieldErrors(form.errors as Record<string, string>, `members.${index}`)).join(' ')}
              />
            )}
          </SortableList>
        </>
      )}
      {form.errors.members && <p className={c.problem}>{form.errors.members}</p>}
      <AddMembers
        opened={isAdding}
        taken={new Set(members.map(idOf))}
        onAdd={(one) => set(added(members, [one]))}
        onClose={() => setAdding(false)}
      />
    </Card>
  );
}
