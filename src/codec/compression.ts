import * as nodeZlib from 'node:zlib';
import { gzipSync, gunzipSync, type InputType } from 'node:zlib';

/** Names a form of compression in what is stored. */
export type CompressionName = 'gzip' | 'zstd';

export interface Compressed {
  readonly by: CompressionName;
  readonly bytes: Buffer;
}

interface Method {
  readonly name: CompressionName;
  readonly compress: (payload: Buffer) => Buffer;
  /** Throws rather than take more memory than for `maxOutputLength` bytes. */
  readonly expand: (bytes: Buffer, maxOutputLength: number) => Buffer;
}

/** Part of `node:zlib` from Node 22.15 and 23.8 on. */
export interface Zstd {
  readonly zstdCompressSync?: (payload: InputType) => Buffer;
  readonly zstdDecompressSync?: (bytes: InputType, options: { maxOutputLength: number }) => Buffer;
}

/** The fastest level: it already gains most of what there is to gain. */
const GZIP: Method = {
  name: 'gzip',
  compress: (payload) => gzipSync(payload, { level: 1 }),
  expand: (bytes, maxOutputLength) => gunzipSync(bytes, { maxOutputLength }),
};

/** Makes payloads smaller where that is worth it: by zstd where Node has it, else by gzip. */
export class Compression {
  /** All that can be read; the first one writes. */
  private readonly methods: readonly [Method, ...Method[]];

  /** Payloads from `minBytes` on are compressed; 0: none. What expands to more than `maxExpandedBytes` is not read. */
  constructor(
    private readonly minBytes: number,
    private readonly maxExpandedBytes: number,
    zlib: Zstd = nodeZlib as Zstd,
  ) {
    const zstd = zstdOf(zlib);
    this.methods = zstd ? [zstd, GZIP] : [GZIP];
  }

  /** `null`: better left as it is. */
  compress(payload: Buffer): Compressed | null {
    const isWorthIt = this.minBytes > 0 && payload.length >= this.minBytes && payload.length <= this.maxExpandedBytes;
    if (!isWorthIt) return null;
    const [{ name, compress }] = this.methods;
    const bytes = compress(payload);
    return bytes.length < payload.length ? { by: name, bytes } : null;
  }

  /** Throws unless `bytes` expand to exactly `length` bytes by a method that there is; takes no more memory than that. */
  expand({ by, bytes }: Compressed, length: number): Buffer {
    const method = this.methods.find(({ name }) => name === by);
    if (!method) throw new RangeError('compressed in a way that is not known here');
    if (length > this.maxExpandedBytes) throw new RangeError('expands to more than is allowed');
    const payload = method.expand(bytes, length);
    if (payload.length !== length) throw new RangeError('expands to less than was stored');
    return payload;
  }
}

function zstdOf({ zstdCompressSync, zstdDecompressSync }: Zstd): Method | null {
  if (!zstdCompressSync || !zstdDecompressSync) return null;
  return {
    name: 'zstd',
    compress: (payload) => zstdCompressSync(payload),
    expand: (bytes, maxOutputLength) => zstdDecompressSync(bytes, { maxOutputLength }),
  };
}
