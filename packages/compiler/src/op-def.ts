/** One argument of a TensorFlow operation: a single tensor, or a list of tensors. */
export interface InputArgument {
  readonly name: string;
  readonly list: boolean;
}

/**
 * The input arguments in a serialized `OpDef` (tensorflow/core/framework/op_def.proto): field 2 repeated, an `ArgDef`
 * whose field 1 is the name and whose field 5 (number_attr) or 6 (type_list_attr) marks a list. Read by hand, since
 * these three fields are all that is wanted of protobuf.
 */
export function inputArguments(opDef: Uint8Array): InputArgument[] {
  return fields(opDef)
    .filter((field) => field.number === 2)
    .map((argument) => {
      const parts = fields(argument.bytes);
      const name = parts.find((part) => part.number === 1)?.bytes;
      return {
        name: new TextDecoder().decode(name),
        list: parts.some((part) => (part.number === 5 || part.number === 6) && part.bytes.length > 0),
      };
    });
}

/** Splits the operation's flat inputs as its arguments ask; at most one of these is a list of unknown length. */
export function groupInputs<T>(type: string, args: readonly InputArgument[], inputs: readonly T[]): T[][] {
  const lists = args.filter((argument) => argument.list).length;
  const listLength = inputs.length - (args.length - lists);
  if (lists > 1 || listLength < 0 || (lists === 0 && listLength !== 0)) {
    const names = args.map((argument) => argument.name + (argument.list ? '...' : '')).join(', ');
    throw new Error(`operation '${type}' takes (${names}), found ${inputs.length} inputs`);
  }
  let next = 0;
  return args.map((argument) => inputs.slice(next, (next += argument.list ? listLength : 1)));
}

interface Field {
  readonly number: number;
  readonly bytes: Uint8Array;
}

/** The length-delimited fields of a protobuf message; others are passed over. */
function fields(message: Uint8Array): Field[] {
  const found: Field[] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = message[at++]!;
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const wire = tag & 7;
    if (wire === 0) varint();
    else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else {
      const length = varint();
      found.push({ number: tag >>> 3, bytes: message.subarray(at, at + length) });
      at += length;
    }
  }
  return found;
}
