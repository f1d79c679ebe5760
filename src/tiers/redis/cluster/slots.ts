export const SLOT_COUNT = 16_384;
const POLYNOMIAL = 0x1021;

const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) !== 0 ? (crc << 1) ^ POLYNOMIAL : crc << 1;
  return crc;
});

/** The hash slot of a key in a cluster: CRC-16/XMODEM of the key, or of what is inside its first `{…}`. */
export function slotOf(key: string | Buffer): number {
  const bytes = hashTag(typeof key === 'string' ? Buffer.from(key) : key);
  let crc = 0;
  for (const byte of bytes) crc = ((crc << 8) ^ (CRC_TABLE[((crc >> 8) ^ byte) & 0xff] as number)) & 0xffff;
  return crc % SLOT_COUNT;
}

/** Places in `keys` by slot: one command may only hold keys of one slot. */
export function groupBySlot(keys: readonly (string | Buffer)[]): number[][] {
  const groups = new Map<number, number[]>();
  keys.forEach((key, index) => {
    const slot = slotOf(key);
    const group = groups.get(slot);
    if (group) group.push(index);
    else groups.set(slot, [index]);
  });
  return [...groups.values()];
}

function hashTag(key: Buffer): Buffer {
  const open = key.indexOf('{');
  const close = open < 0 ? -1 : key.indexOf('}', open + 1);
  return close > open + 1 ? key.subarray(open + 1, close) : key;
}
