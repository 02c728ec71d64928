export const errors = {
  'error.retry': 'Try again',
  'error.requestId': 'Request',
  'error.unreachable': 'The control plane does not answer',
  'error.unreachableHelp':
    'Nodes keep serving calls with the configuration they have. Check that the control plane is running, then try again.',
  'error.unauthenticated': 'The session has ended',
  'error.denied': 'You may not see this',
  'error.notFound': 'It is not there any more',
  'error.throttled': 'Too many requests, too fast',
  'error.internal': 'Something went wrong in the control plane',
  'error.unimplemented': 'This control plane does not know the request. Is it older than the console?',
  'error.unknown': 'Something went wrong',
  'error.invalid': 'Some values are not accepted',
  'error.exists': 'The name is already taken',
  'error.precondition': 'Not possible as things stand',
  'error.conflict': 'Someone else changed it first',
} as const;
