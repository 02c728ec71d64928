const here: string = import.meta.url;

/**
 * The path under which a proxy shows the console: "/", or such as "/trunkline/". Built scripts
 * lie in assets/ below it, so each of them knows it from its own address.
 */
export const BASE: string = import.meta.env.DEV ? '/' : new URL('../', here).pathname;

/** The address of a file or of an RPC beside the console's page. */
export const under = (path: string) => BASE + path.replace(/^\//, '');
