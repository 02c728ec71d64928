export const dashboard = {
  'dashboard.lead': 'What your gateway serves right now, and what needs a look.',
  'dashboard.nodes': 'Nodes connected',
  'dashboard.latest': 'Latest calls',
  'dashboard.allCalls': 'All calls',
  'dashboard.attention.title': 'Needs attention',
  'dashboard.attention.sub': 'Targets and credentials that are not simply healthy.',
  'dashboard.attention.none': 'All targets are healthy.',
  'dashboard.attention.unknown': 'No node is connected, so nothing is known about the targets.',
  'dashboard.setup.title': 'Get to your first call',
  'dashboard.setup.sub': 'Each step ticks itself off as soon as it is done.',
  'dashboard.setup.done': 'Done',
  'dashboard.setup.provider': 'Add a provider',
  'dashboard.setup.providerText':
    'An upstream account: its address, a key, and the models you want from it. Save this, put in your own values, and apply it.',
  'dashboard.setup.group': 'Make a group',
  'dashboard.setup.groupText':
    'The name your apps will call. Its members are tried in order of priority, so a second one keeps you online when the first fails.',
  'dashboard.setup.key': 'Make an API key',
  'dashboard.setup.keyText': 'What your apps send. The key is printed once, when you apply the file.',
  'dashboard.setup.call': 'Send the first call',
  'dashboard.setup.callText':
    'Put the key into TRUNKLINE_KEY and send this, or point any OpenAI SDK at the same address.',
} as const;
