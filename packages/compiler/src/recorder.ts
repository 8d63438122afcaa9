import { createRequire } from 'node:module';

import * as tf from '@tensorflow/tfjs-core';
import type { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js';

import { acceptBfloat16 } from './bfloat16.js';
import { groupInputs, inputArguments, type InputArgument } from './op-def.js';
import { attributeTypes, dataTypes, type Attribute, type GraphOutput, type GraphSession } from './session.js';

/** A constant of more elements than this must be uniform: anything else is data that belongs among the inputs. */
const constantLimit = 4096;

/** The name under which tfjs knows the backend that records. */
export const recordingBackend = 'reelbert-recorder';

interface KernelAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

interface TensorEntry {
  readonly shape: number[];
  readonly dtype: number;
  id: number;
  values: ArrayBufferView | null;
  refCount: number;
}

/** The recorders that are tracing, innermost last: that one the recording backend writes to. */
const tracing: Recorder[] = [];
let backend: { instance: NodeJSKernelBackend; tensors: tf.DataStorage<TensorEntry> } | undefined;

/**
 * Turns tfjs kernels into nodes of a session's graph. tfjs-node's kernels end in a call of their binding; here they
 * run on a second backend of the same class whose binding computes nothing: it adds the operation to the graph and
 * returns the shape and type that TensorFlow's own shape functions infer. Automatic differentiation works unchanged.
 */
export class Recorder {
  readonly #session: GraphSession;
  readonly #arguments = new Map<string, InputArgument[]>();
  readonly #outputs: GraphOutput[] = [];
  #names = 0;

  constructor(session: GraphSession) {
    this.#session = session;
  }

  /** Runs `body` with the recording backend active; tensors made in it are freed unless returned. */
  trace<T extends tf.TensorContainer>(body: () => T): T {
    const previous = tf.getBackend();
    copyKernels();
    tracing.push(this);
    // Synchronous in effect: a backend with a synchronous factory is in place when the call returns.
    void tf.setBackend(recordingBackend);
    try {
      return tf.tidy(body);
    } finally {
      tracing.pop();
      void tf.setBackend(previous);
    }
  }

  /** Adds an operation. Throws if TensorFlow doesn't have it, refuses it, or can't tell its shape without running. */
  operation(
    type: string,
    inputs: readonly GraphOutput[],
    attributes: readonly Attribute[] = [],
    controls: readonly number[] = [],
  ): { operation: number; outputs: GraphOutput[] } {
    let args = this.#arguments.get(type);
    if (!args) {
      args = inputArguments(this.#session.opDef(type));
      this.#arguments.set(type, args);
    }
    const added = this.#session.addOperation(
      type,
      this.#newName(type),
      groupInputs(type, args, inputs).map((list) =>
        list.map((input) => [input.operation, input.index] as const),
      ),
      args.map((argument) => argument.list),
      controls,
      attributes,
    );
    return { operation: added.operation, outputs: checkedOutputs(type, added) };
  }

  /** Adds a constant; a large uniform one as a single value. */
  constant(dtype: number, shape: readonly number[], data: ArrayBufferView): GraphOutput {
    if (dtype === dataTypes.string) throw new Error('strings can not be recorded');
    const values = data as Float32Array;
    if (values.length > constantLimit) {
      if (!values.every((value) => value === values[0])) {
        throw new Error(
          `a constant of shape [${shape.join(', ')}] would be baked in; ` +
            `constants of more than ${constantLimit} elements that aren't uniform belong among the inputs`,
        );
      }
      const dims = this.constant(dataTypes.int32, [shape.length], Int32Array.from(shape));
      const value = this.constant(dtype, [], values.subarray(0, 1));
      return this.operation('Fill', [dims, value]).outputs[0]!;
    }
    const added = this.#session.addConstant(this.#newName('Const'), dtype, shape, data);
    return checkedOutputs('Const', added)[0]!;
  }

  placeholder(dtype: number, shape: readonly number[]): GraphOutput {
    return this.operation(
      'Placeholder',
      [],
      [
        ['dtype', attributeTypes.type, dtype],
        ['shape', attributeTypes.shape, shape],
      ],
    ).outputs[0]!;
  }

  /** The tfjs tensor that stands for an output, while tracing. */
  tensor(output: GraphOutput): tf.Tensor {
    const dtype = (['float32', 'int32', 'bool'] as const).find((name) => dataTypes[name] === output.dtype);
    if (!dtype) throw new Error(`an output of TensorFlow's type ${output.dtype} has no tfjs tensor`);
    const dataId = {};
    const shape = [...output.shape];
    const entry = { shape, dtype: output.dtype, id: this.#remember(output), values: null, refCount: 1 };
    theBackend().tensors.set(dataId, entry);
    return tf.engine().makeTensorFromTensorInfo({ dataId, shape, dtype });
  }

  /** The output that a tfjs tensor stands for. Throws for a tensor made outside of the recording. */
  output(tensor: tf.Tensor): GraphOutput {
    const entry = theBackend().tensors.get(tensor.dataId);
    if (entry.values !== null) {
      entry.id = this.#remember(this.constant(entry.dtype, entry.shape, entry.values));
      entry.values = null;
    }
    return this.#outputs[entry.id]!;
  }

  /** What a kernel's `binding.createTensor` becomes: the constant's id. */
  kernelConstant(shape: readonly number[], dtype: number, data: ArrayBufferView): number {
    return this.#remember(this.constant(dtype, shape, data));
  }

  /** What a kernel's `binding.executeOp` becomes: ids, shapes and types of the outputs. */
  kernelOperation(type: string, attributes: readonly KernelAttribute[], inputs: readonly number[]) {
    const { outputs } = this.operation(
      type,
      inputs.map((id) => this.#outputs[id]!),
      attributes.map(({ name, type, value }) => [name, type, value] as const),
    );
    return outputs.map((output) => ({
      id: this.#remember(output),
      shape: [...output.shape],
      dtype: output.dtype,
    }));
  }

  #remember(output: GraphOutput): number {
    return this.#outputs.push(output) - 1;
  }

  #newName(type: string): string {
    return `${type}_${this.#names++}`;
  }
}

function checkedOutputs(
  type: string,
  added: { operation: number; outputs: readonly { dtype: number; shape: number[] | null }[] },
): GraphOutput[] {
  return added.outputs.map(({ dtype, shape }, index) => {
    if (shape === null || shape.some((extent) => extent < 0)) {
      throw new Error(
        `operation '${type}' has a shape that depends on data; shapes must be known while recording`,
      );
    }
    return { operation: added.operation, index, dtype, shape };
  });
}

/** Whether a function is being recorded at present. */
export function isRecording(): boolean {
  return tracing.length > 0;
}

/** While recording: x, with an edge that makes it wait for `trigger`. */
export function recordAfter(x: tf.Tensor, trigger: tf.Tensor): tf.Tensor {
  const recorder = recording();
  const { operation } = recorder.output(trigger);
  const type = ['T', attributeTypes.type, recorder.output(x).dtype] as const;
  return recorder.tensor(
    recorder.operation('Identity', [recorder.output(x)], [type], [operation]).outputs[0]!,
  );
}

function recording(): Recorder {
  const recorder = tracing.at(-1);
  if (!recorder) throw new Error('a tensor of a recorded function was used outside of it');
  return recorder;
}

/** The recording backend, registered once. */
function theBackend() {
  return (backend ??= registerBackend());
}

/** Gives the recording backend whatever kernels have been registered for TensorFlow so far. */
function copyKernels(): void {
  theBackend();
  for (const kernel of tf.getKernelsForBackend('tensorflow')) {
    if (tf.getKernel(kernel.kernelName, recordingBackend)) continue;
    tf.registerKernel({ ...kernel, backendName: recordingBackend });
  }
}

function registerBackend() {
  // Loaded here and not at the top: it brings all of tfjs, which those without TensorFlow don't need.
  const module = createRequire(import.meta.url)(
    '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js',
  ) as {
    NodeJSKernelBackend: typeof NodeJSKernelBackend;
  };
  const native = (tf.findBackend('tensorflow') as NodeJSKernelBackend).binding;
  const binding = Object.create(native, {
    isUsingGpuDevice: { value: () => native.isUsingGpuDevice() },
    getNumOfTensors: { value: () => 0 },
    createTensor: {
      value: (shape: number[], dtype: number, data: ArrayBufferView) =>
        recording().kernelConstant(shape, dtype, data),
    },
    deleteTensor: { value: () => undefined },
    tensorDataSync: {
      value: () => {
        throw new Error("it reads a tensor's data, which doesn't exist until the graph runs");
      },
    },
    executeOp: {
      value: (type: string, attributes: KernelAttribute[], inputs: number[]) =>
        recording().kernelOperation(type, attributes, inputs),
    },
  }) as NodeJSKernelBackend['binding'];
  const instance = new module.NodeJSKernelBackend(binding, recordingBackend);
  // A store of our own: what isn't in it comes from outside, and tfjs must not move it here (that would destroy it).
  const tensors = new tf.DataStorage<TensorEntry>(instance, {
    moveData(_backend, dataId) {
      const info = findTensor(dataId);
      throw new Error(`it uses a tensor from outside${info}; make it an input or a variable`);
    },
  });
  Object.defineProperty(instance, 'tensorMap', { value: tensors });
  acceptBfloat16(instance);
  tf.registerBackend(recordingBackend, () => instance);
  return { instance, tensors };
}

function findTensor(dataId: object): string {
  const infos = (tf.engine() as unknown as { state: { tensorInfo: WeakMap<object, tf.TensorInfo> } }).state
    .tensorInfo;
  const info = infos.get(dataId);
  return info ? ` (${info.dtype} [${info.shape.join(', ')}])` : '';
}
