/**
 * One record as TensorFlow's record files frame it: the payload between its length and checksums, all little-endian.
 * Source: tensorflow/core/lib/io/record_writer.h.
 *
 * @returns `[length: uint64][maskedCrc(length): uint32][payload][maskedCrc(payload): uint32]`
 */
export function frameRecord(payload: Uint8Array): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(payload.length));
  return Buffer.concat([length, checksum(length), payload, checksum(payload)]);
}

/** CRC-32C, rotated and shifted so that a checksum of checksums is worth something. */
function checksum(bytes: Uint8Array): Buffer {
  const crc = crc32c(bytes);
  const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(masked);
  return buffer;
}

/** The Castagnoli polynomial, bits reversed. */
const polynomial = 0x82f63b78;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
  return value;
});

/** CRC-32C (Castagnoli) of these bytes, an unsigned 32-bit number. Source: RFC 3720, appendix B.4. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff]!;
  return (crc ^ 0xffffffff) >>> 0;
}
