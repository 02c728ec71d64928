import { AlertDeliveryState } from '@/gen/trunkline/admin/v1/alert_channel_pb';
import type { PlainKey } from '@/i18n';
import type { Tone } from '@/ui/outcome';
import type { AlertEvent, Security, Way } from './draft';

export const eventWords: Record<AlertEvent, PlainKey> = {
  cooldown: 'alerts.cooldown',
  group_unavailable: 'alerts.groupUnavailable',
  budget: 'alerts.budget',
  key_expiring: 'alerts.keyExpiring',
  node_lost: 'alerts.nodeLost',
  models_gone: 'alerts.modelsGone',
  drift: 'alerts.drift',
  import_failing: 'alerts.importFailing',
  sign_ins_failing: 'alerts.signInsFailing',
  rollout_held: 'alerts.rolloutHeld',
};

export const eventNotes: Record<AlertEvent, PlainKey> = {
  cooldown: 'alerts.cooldownHow',
  group_unavailable: 'alerts.groupUnavailableHow',
  budget: 'alerts.budgetHow',
  key_expiring: 'alerts.keyExpiringHow',
  node_lost: 'alerts.nodeLostHow',
  models_gone: 'alerts.modelsGoneHow',
  drift: 'alerts.driftHow',
  import_failing: 'alerts.importFailingHow',
  sign_ins_failing: 'alerts.signInsFailingHow',
  rollout_held: 'alerts.rolloutHeldHow',
};

/** The word for an event; a control plane that is newer than this console may know others. */
export const eventWord = (event: string): PlainKey | undefined => eventWords[event as AlertEvent];

export const wayWords: Record<Way, PlainKey> = {
  webhook: 'alerts.webhook',
  slack: 'alerts.slack',
  email: 'alerts.email',
};

export const securityWords: Record<Security, PlainKey> = {
  starttls: 'alerts.starttls',
  tls: 'alerts.tls',
  none: 'alerts.clear',
};

export const deliveryWords: Record<AlertDeliveryState, PlainKey> = {
  [AlertDeliveryState.UNSPECIFIED]: 'alerts.pending',
  [AlertDeliveryState.PENDING]: 'alerts.pending',
  [AlertDeliveryState.SENT]: 'alerts.sent',
  [AlertDeliveryState.FAILED]: 'alerts.failed',
};

export const deliveryTones: Record<AlertDeliveryState, Tone> = {
  [AlertDeliveryState.UNSPECIFIED]: 'mute',
  [AlertDeliveryState.PENDING]: 'warn',
  [AlertDeliveryState.SENT]: 'ok',
  [AlertDeliveryState.FAILED]: 'bad',
};
