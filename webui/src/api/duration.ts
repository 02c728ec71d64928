import type { Duration } from '@bufbuild/protobuf/wkt';

/** Milliseconds with their fraction: the library's own durationMs rounds, and our overhead is below one. */
export function toMs(d: Duration | undefined): number {
  return d ? Number(d.seconds) * 1000 + d.nanos / 1e6 : 0;
}
