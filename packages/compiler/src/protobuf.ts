/** One field of a protobuf message: a number, or bytes (a string, or a message within). */
export interface Field {
  readonly number: number;
  /** Of an integer field, taken as an int64 (exact up to 2^53); 0 for the others. */
  readonly integer: number;
  /** Of a length-delimited field; empty for the others. */
  readonly bytes: Uint8Array;
}

const noBytes = new Uint8Array(0);

/** A message's fields in order, read by hand, since so little is wanted of protobuf; floating-point ones are left out. */
export function messageFields(message: Uint8Array): Field[] {
  const found: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number(BigInt.asIntN(64, value));
    }
  };
  while (at < message.length) {
    const tag = varint();
    const number = tag >>> 3;
    const wire = tag & 7;
    if (wire === 0) found.push({ number, integer: varint(), bytes: noBytes });
    else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else {
      const length = varint();
      found.push({ number, integer: 0, bytes: message.subarray(at, at + length) });
      at += length;
    }
  }
  return found;
}

/** The bytes of every field of that number. */
export function messagesAt(message: Uint8Array, number: number): Uint8Array[] {
  return messageFields(message)
    .filter((field) => field.number === number)
    .map((field) => field.bytes);
}
