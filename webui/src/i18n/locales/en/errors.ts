export const errors = {
  'error.retry': 'Try again',
  'error.requestId': 'Request',
  'error.unavailable': 'Not available at the moment',
  'error.unreachable': 'The control plane is not responding',
  'error.unreachableHelp':
    'Nodes keep serving calls with the configuration they have. Check that the control plane is running, then try again.',
  'error.unauthenticated': 'The session has ended',
  'error.denied': 'You do not have permission for this',
  'error.notFound': 'It no longer exists',
  'error.throttled': 'Too many requests',
  'error.internal': 'Something went wrong in the control plane',
  'error.unimplemented': 'This control plane does not support the request. Is it older than the console?',
  'error.unknown': 'Something went wrong',
  'error.invalid': 'Some values are not accepted',
  'error.exists': 'The name is already taken',
  'error.precondition': 'Not possible in the current state',
  'error.conflict': 'Someone else changed it first',
} as const;
