import { useState } from 'react';
import type { Settings } from '@/gen/trunkline/admin/v1/settings_pb';

/**
 * A draft of some settings, and the settings that it began with. Newer ones are taken while nothing is
 * edited, or when they are what the draft says: no refetch drops what was typed.
 */
export function useDraft<Draft>(
  settings: Settings,
  draftOf: (s: Settings) => Draft,
  same: (a: Draft, b: Draft) => boolean,
) {
  const [base, setBase] = useState(settings);
  const [draft, setDraft] = useState(() => draftOf(base));
  const take = (s: Settings) => {
    setBase(s);
    setDraft(draftOf(s));
  };
  const isNewer = Number(settings.etag) > Number(base.etag);
  if (isNewer && (same(draftOf(base), draft) || same(draftOf(settings), draft))) take(settings);
  return { base, draft, setDraft, take };
}
