import { notifications } from '@mantine/notifications';

/** Says that what someone did is done. Only for results of actions: a page shows its own state. */
export function notifyDone(message: string) {
  notifications.show({ message, color: 'teal', autoClose: 5000, withBorder: true, role: 'status' });
}

/** Says that what someone did did not work; stays until it is read. */
export function notifyFailed(title: string, message: string) {
  notifications.show({ title, message, color: 'red', autoClose: 12_000, withBorder: true, role: 'alert' });
}
