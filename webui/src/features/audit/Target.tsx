import { Link } from '@tanstack/react-router';
import c from './audit.module.css';

/** What an event was about, Kind/name; what has a page of its own leads there. */
export function Target({ target }: { target: string }) {
  const slash = target.indexOf('/');
  const name = target.slice(slash + 1);
  const look = { className: c.link, children: target };
  switch (target.slice(0, slash)) {
    case 'Provider':
      return <Link to="/providers" search={{ provider: name }} {...look} />;
    case 'Group':
      return <Link to="/groups" search={{ group: name }} {...look} />;
    case 'ApiKey':
      return <Link to="/keys" search={{ key: name }} {...look} />;
    case 'FailureKeyword':
      return <Link to="/keywords" search={{ keyword: name }} {...look} />;
    case 'AlertChannel':
      return <Link to="/alerts" search={{ tab: 'channels', channel: name }} {...look} />;
    case 'Node':
      return <Link to="/nodes" search={{ node: name }} {...look} />;
    case 'Revision':
      return <Link to="/history" search={{ revision: name }} {...look} />;
    case 'Settings':
      return <Link to="/settings" {...look} />;
    default:
      return <span>{target}</span>;
  }
}
