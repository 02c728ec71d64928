export const playground = {
  'playground.lead': 'Send a call to a group and watch every attempt it takes.',
} as const;
