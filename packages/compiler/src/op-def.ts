import { messageFields } from './protobuf.js';

/** One argument of a TensorFlow operation: a single tensor, or a list of tensors. */
export interface InputArgument {
  readonly name: string;
  readonly list: boolean;
}

/**
 * The input arguments in a serialized `OpDef` (tensorflow/core/framework/op_def.proto): field 2 repeated, an `ArgDef`
 * whose field 1 is the name and whose field 5 (number_attr) or 6 (type_list_attr) marks a list.
 */
export function inputArguments(opDef: Uint8Array): InputArgument[] {
  return messageFields(opDef)
    .filter((field) => field.number === 2)
    .map((argument) => {
      const parts = messageFields(argument.bytes);
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
