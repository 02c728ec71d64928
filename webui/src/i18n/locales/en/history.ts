export const history = {
  'history.lead': 'Every change of the configuration: who made it, when, and what it was before.',
} as const;
