export type ExportProgress = { bytes: number; lines: number };

/** Reads a file that the server streams, whole; tells after each piece how much there is. The head of a CSV is no line. */
export async function readFile(
  stream: AsyncIterable<{ data: Uint8Array }>,
  { type, head }: { type: string; head: number },
  onProgress: (progress: ExportProgress) => void,
): Promise<Blob> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let [bytes, lines] = [0, 0];
  for await (const { data } of stream) {
    const piece = new Uint8Array(data);
    pieces.push(piece);
    bytes += piece.length;
    for (const byte of piece) if (byte === 10) lines++;
    onProgress({ bytes, lines: Math.max(0, lines - head) });
  }
  return new Blob(pieces, { type });
}

/** Hands a file to the browser to save. */
export function save(file: Blob, name: string) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
