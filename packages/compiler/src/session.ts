import { createRequire } from 'node:module';

/** An output of an operation in a session's graph. */
export interface GraphOutput {
  readonly operation: number;
  readonly index: number;
  /** TensorFlow's number of the element type. */
  readonly dtype: number;
  readonly shape: readonly number[];
}

/** TensorFlow's numbers of element types (`TF_DataType`). */
export const dataTypes = { float32: 1, int32: 3, bool: 10, string: 7, resource: 20 } as const;

/** TensorFlow's numbers of attribute types (`TF_AttrType`). */
export const attributeTypes = { string: 0, int: 1, float: 2, bool: 3, type: 4, shape: 5 } as const;

/** Name, `attributeTypes` number, value. */
export type Attribute = readonly [name: string, type: number, value: unknown];

type OutputIndex = readonly [operation: number, index: number];

interface AddedOperation {
  readonly operation: number;
  /** `null`: not even the rank is known; -1: an extent that isn't. */
  readonly outputs: readonly { dtype: number; shape: number[] | null }[];
}

/** What a run is fed, what it gives back, and operations to run besides. */
export type RunArguments = readonly [
  feeds: readonly (readonly [
    ...OutputIndex,
    dtype: number,
    shape: readonly number[],
    data: ArrayBufferView,
  ])[],
  fetches: readonly OutputIndex[],
  targets: readonly number[],
];

/** The native addon's class (native/session.cc says what each argument is). */
export interface GraphSession {
  opDef(type: string): Uint8Array;
  addConstant(name: string, dtype: number, shape: readonly number[], data: ArrayBufferView): AddedOperation;
  addOperation(
    type: string,
    name: string,
    inputs: readonly (readonly OutputIndex[])[],
    lists: readonly boolean[],
    controls: readonly number[],
    attributes: readonly Attribute[],
  ): AddedOperation;
  run(...args: RunArguments): Promise<(Float32Array | Int32Array | Uint8Array)[]>;
  /** The same run, observed: instead of its outputs, a serialized `RunMetadata`. */
  trace(...args: RunArguments): Promise<Uint8Array>;
  graphDef(): Uint8Array;
  close(): void;
}

interface SessionAddon {
  readonly GraphSession: new (config: Uint8Array, target: string) => GraphSession;
  readonly tensorflowVersion: string;
}

const require = createRequire(import.meta.url);
let addon: SessionAddon | Error | undefined;

function loadAddon(): SessionAddon | Error {
  if (addon === undefined) {
    try {
      addon = require('../build/Release/session.node') as SessionAddon;
    } catch (error) {
      addon = error as Error;
    }
  }
  return addon;
}

/** Why graphs can't be run in this process, or undefined where they can. */
export function sessionAddonProblem(): string | undefined {
  const loaded = loadAddon();
  return loaded instanceof Error
    ? `the session addon doesn't load (${loaded.message.split('\n')[0]})`
    : undefined;
}

/** Opens a session with an empty graph. */
export function openSession(options: {
  intraOpThreads?: number;
  interOpThreads?: number;
  target?: string;
}): GraphSession {
  const loaded = loadAddon();
  if (loaded instanceof Error) throw loaded;
  return new loaded.GraphSession(configProto(options), options.target ?? '');
}

/** A serialized `ConfigProto`: field 2 is intra_op_parallelism_threads, 5 inter_op_parallelism_threads. */
function configProto(options: { intraOpThreads?: number; interOpThreads?: number }): Uint8Array {
  const bytes: number[] = [];
  const varint = (field: number, value: number | undefined) => {
    if (value === undefined) return;
    if (!Number.isInteger(value) || value < 1 || value > 1024) {
      throw new RangeError(`a thread count is an integer from 1 to 1024, found ${value}`);
    }
    bytes.push(field << 3);
    for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
    bytes.push(value);
  };
  varint(2, options.intraOpThreads);
  varint(5, options.interOpThreads);
  return Uint8Array.from(bytes);
}
