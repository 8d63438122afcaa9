import * as tf from '@tensorflow/tfjs-core';

import { CompiledProgram } from './compiled-program.js';
import { EagerProgram } from './eager-program.js';
import type { DType, HostTensors, Signature } from './host-tensor.js';
import type { NodeRecord } from './node-record.js';
import { sessionAddonProblem } from './session.js';
import type { StateVariable } from './state-variable.js';

/**
 * A function of tensors in plain tfjs: reads and updates the program's variables, returns named tensors.
 * It must not read tensor data, nor depend on anything outside but constants: it is recorded once a signature.
 */
export type ProgramFunction = (inputs: Readonly<Record<string, tf.Tensor>>) => Record<string, tf.Tensor>;

/** Named variables and named functions over them. Runs, reads and writes are queued in the order of the calls. */
export interface Program {
  readonly mode: 'compiled' | 'eager';
  /** Declares a variable, or returns the one declared before; throws if shape or type disagree with it. */
  variable(name: string, shape: readonly number[], dtype?: DType): StateVariable;
  /** Names a function. Throws if the name is taken. */
  define(name: string, fn: ProgramFunction): void;
  /** Runs a function on a batch, recording it first if this signature (names, shapes, types) is new. */
  run(name: string, inputs: HostTensors): Promise<HostTensors>;
  /**
   * Runs a function as `run` does, updates of variables included, and says where its time and memory went, node by
   * node, in the order in which they started. Being observed costs a little time. Throws op by op.
   */
  profile(name: string, inputs: HostTensors): Promise<NodeRecord[]>;
  /** Records a signature ahead of its first run; op by op there is nothing to do. */
  record(name: string, signature: Signature): void;
  /** The current values of variables. */
  read(names: readonly string[]): Promise<HostTensors>;
  /** Sets variables; those never written hold no value and can't be read. */
  write(state: HostTensors): Promise<void>;
  /** Ends the program and frees its variables. Work still queued is refused. */
  dispose(): void;
}

export interface ProgramOptions {
  /** Default: `compiled` where TensorFlow and the session addon load, else `eager`. */
  readonly mode?: 'compiled' | 'eager';
  /** Threads within an operation; default: all cores. Compiled mode only. */
  readonly intraOpThreads?: number;
  /** Operations at the same time; default: TensorFlow's choice. Compiled mode only. */
  readonly interOpThreads?: number;
  /** The address of a TensorFlow server; default: this process. Compiled mode only. */
  readonly target?: string;
  /** More signatures of one function than this is an error; default 64. */
  readonly signatureLimit?: number;
}

/** Makes an empty program. Throws if compiled mode is asked for and can't be had, saying why. */
export function createProgram(options: ProgramOptions = {}): Program {
  const problem =
    tf.getBackend() === 'tensorflow' ? sessionAddonProblem() : `tfjs runs on '${tf.getBackend()}'`;
  const mode = options.mode ?? (problem === undefined ? 'compiled' : 'eager');
  if (mode === 'eager') return new EagerProgram();
  if (problem !== undefined) {
    throw new Error(
      `functions can't be compiled: ${problem}. Run 'reelbert-engine setup', or use mode 'eager'.`,
    );
  }
  return new CompiledProgram(options);
}
