import { EagerProgram } from './eager-program.js';
import type { ProgramOptions } from './program.js';
export class CompiledProgram extends EagerProgram {
  constructor(_options: ProgramOptions) {
    super();
  }
}
