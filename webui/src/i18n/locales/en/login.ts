export const login = {
  'login.title': 'Sign in',
  'login.lead': 'One endpoint in front of all your AI providers.',
  'login.username': 'User name',
  'login.password': 'Password',
  'login.showPassword': 'Show password',
  'login.submit': 'Sign in',
  'login.wrong': 'User name or password is wrong.',
  'login.wait': 'Too many tries. You can try again in {time}.',
  'login.waitOver': 'You can try again now.',
  'login.failed': 'Signing in did not work. Try again.',
} as const;
