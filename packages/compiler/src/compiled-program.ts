import * as tf from '@tensorflow/tfjs-core';

import { CompiledVariable, VariableAccess } from './compiled-variable.js';
import { checkSameDeclaration, lookUp } from './declarations.js';
import {
  checkHostTensor,
  signatureKey,
  type DType,
  type HostTensor,
  type HostTensors,
  type Signature,
  type TensorSpec,
} from './host-tensor.js';
import { nodeRecords, type NodeRecord } from './node-record.js';
import type { Program, ProgramFunction, ProgramOptions } from './program.js';
import { Recorder } from './recorder.js';
import { RunQueue } from './run-queue.js';
import { dataTypes, openSession, type GraphOutput, type GraphSession, type RunArguments } from './session.js';
import { checkFits, type StateVariable } from './state-variable.js';

/** State moves in pieces of about this many bytes, so that no copy of the whole model is made. */
const pieceBytes = 64 * 2 ** 20;

interface Recording {
  readonly inputs: ReadonlyMap<string, GraphOutput>;
  readonly outputs: ReadonlyMap<string, { output: GraphOutput; spec: TensorSpec }>;
  /** Operations that update variables: they have no outputs to fetch. */
  readonly targets: readonly number[];
}

interface CompiledFunction {
  readonly fn: ProgramFunction;
  readonly recordings: Map<string, Recording>;
}

/** Runs a program's functions as TensorFlow graphs in one session. */
export class CompiledProgram implements Program {
  readonly mode = 'compiled';
  readonly #session: GraphSession;
  readonly #recorder: Recorder;
  readonly #access: VariableAccess;
  readonly #variables = new Map<string, CompiledVariable>();
  readonly #functions = new Map<string, CompiledFunction>();
  readonly #queue = new RunQueue();
  readonly #written = new Set<string>();
  readonly #signatureLimit: number;

  constructor(options: ProgramOptions) {
    this.#session = openSession(options);
    this.#recorder = new Recorder(this.#session);
    this.#access = new VariableAccess(this.#recorder);
    this.#signatureLimit = options.signatureLimit ?? 64;
  }

  variable(name: string, shape: readonly number[], dtype: DType = 'float32'): StateVariable {
    const known = this.#variables.get(name);
    if (known) return checkSameDeclaration(known, shape, dtype);
    const variable = new CompiledVariable(this.#access, name, [...shape], dtype);
    this.#variables.set(name, variable);
    return variable;
  }

  define(name: string, fn: ProgramFunction): void {
    if (this.#functions.has(name)) throw new Error(`function '${name}' is defined twice`);
    this.#functions.set(name, { fn, recordings: new Map() });
  }

  record(name: string, signature: Signature): void {
    this.#recording(name, signature);
  }

  run(name: string, inputs: HostTensors): Promise<HostTensors> {
    this.#check(name, inputs);
    return this.#queue.add(async () => {
      const recording = this.#recording(name, inputs);
      const data = await this.#session.run(...runArguments(recording, inputs));
      return Object.fromEntries(
        [...recording.outputs].map(([label, { spec }], i) => [label, { ...spec, data: data[i]! }]),
      );
    });
  }

  profile(name: string, inputs: HostTensors): Promise<NodeRecord[]> {
    this.#check(name, inputs);
    return this.#queue.add(async () => {
      const recording = this.#recording(name, inputs);
      return nodeRecords(await this.#session.trace(...runArguments(recording, inputs)));
    });
  }

  read(names: readonly string[]): Promise<HostTensors> {
    const variables = names.map((name) => lookUp('variable', this.#variables, name));
    return this.#queue.add(async () => {
      const missing = names.find((name) => !this.#written.has(name));
      if (missing !== undefined) throw new Error(`variable '${missing}' was never written`);
      const values: Record<string, HostTensor> = {};
      for (const piece of pieces(variables)) {
        const data = await this.#session.run(
          [],
          piece.map((variable) => variable.readNode()),
          [],
        );
        piece.forEach(({ name, shape, dtype }, i) => (values[name] = { dtype, shape, data: data[i]! }));
      }
      return values;
    });
  }

  write(state: HostTensors): Promise<void> {
    const variables = Object.keys(state).map((name) => lookUp('variable', this.#variables, name));
    for (const variable of variables) {
      checkHostTensor(`variable '${variable.name}'`, state[variable.name]!);
      checkFits(variable, state[variable.name]!);
    }
    return this.#queue.add(async () => {
      for (const piece of pieces(variables)) {
        const writers = piece.map((variable) => variable.writeNodes());
        await this.#session.run(
          piece.map((variable, i) => feed(writers[i]!.value, state[variable.name]!)),
          [],
          writers.map((writer) => writer.assign),
        );
        for (const { name } of piece) this.#written.add(name);
      }
    });
  }

  dispose(): void {
    void this.#queue.close('the program was disposed of').then(() => this.#session.close());
  }

  #check(name: string, inputs: HostTensors): void {
    lookUp('function', this.#functions, name);
    for (const [label, input] of Object.entries(inputs)) checkHostTensor(`${name}: input '${label}'`, input);
  }

  #recording(name: string, signature: Signature): Recording {
    const { fn, recordings } = lookUp('function', this.#functions, name);
    const key = signatureKey(signature);
    const known = recordings.get(key);
    if (known) return known;
    if (recordings.size >= this.#signatureLimit) {
      throw new Error(
        `function '${name}' met ${recordings.size + 1} signatures; the limit is ${this.#signatureLimit}. ` +
          `Pad batches to a few shapes. So far:\n${[...recordings.keys(), key].join('\n')}`,
      );
    }
    try {
      const recording = this.#record(fn, signature);
      recordings.set(key, recording);
      return recording;
    } catch (error) {
      throw new Error(`function '${name}' can't be recorded: ${(error as Error).message}`, { cause: error });
    }
  }

  #record(fn: ProgramFunction, signature: Signature): Recording {
    const recorder = this.#recorder;
    const inputs = new Map<string, GraphOutput>();
    const outputs = new Map<string, { output: GraphOutput; spec: TensorSpec }>();
    const targets = this.#access.during(() => {
      recorder.trace(() => {
        const tensors: Record<string, tf.Tensor> = {};
        for (const [label, { dtype, shape }] of Object.entries(signature)) {
          const placeholder = recorder.placeholder(dataTypes[dtype], shape);
          inputs.set(label, placeholder);
          tensors[label] = recorder.tensor(placeholder);
        }
        for (const [label, tensor] of Object.entries(fn(tensors))) {
          const spec = { dtype: tensor.dtype as DType, shape: [...tensor.shape] };
          outputs.set(label, { output: recorder.output(tensor), spec });
        }
        return [];
      });
    });
    return { inputs, outputs, targets };
  }
}

function runArguments({ inputs, outputs, targets }: Recording, values: HostTensors): RunArguments {
  return [
    [...inputs].map(([label, output]) => feed(output, values[label]!)),
    [...outputs.values()].map(({ output }) => [output.operation, output.index] as const),
    targets,
  ];
}

function feed(output: GraphOutput, { dtype, shape, data }: HostTensor) {
  return [output.operation, output.index, dataTypes[dtype], shape, data] as const;
}

/** Groups variables so that each group's values take about `pieceBytes` (one variable may take more). */
function pieces(variables: readonly CompiledVariable[]): CompiledVariable[][] {
  const groups: CompiledVariable[][] = [];
  let room = 0;
  for (const variable of variables) {
    const bytes = 4 * variable.shape.reduce((product, extent) => product * extent, 1);
    if (groups.length === 0 || bytes > room) {
      groups.push([]);
      room = pieceBytes;
    }
    groups.at(-1)!.push(variable);
    room -= bytes;
  }
  return groups;
}
