import { existsSync } from 'node:fs';
import { runCommand } from './run-command.js';

export interface Gpu {
  readonly name: string;
  readonly driver: string | undefined;
}

/** The NVIDIA GPUs of this machine that a process may use. */
export async function findGpus(): Promise<readonly Gpu[]> {
  const query = ['--query-gpu=name,driver_version', '--format=csv,noheader'];
  const { status, stdout } = await runCommand('nvidia-smi', query);
  if (status === 0) {
    const lines = stdout.split('\n').filter((line) => line.includes(','));
    return lines.map((line) => {
      const [name = '', driver] = line.split(',').map((field) => field.trim());
      return { name, driver };
    });
  }
  // A container may have the GPU without the tool. /proc alone isn't enough: it shows the host's driver too.
  const usable = existsSync('/dev/nvidia0') && existsSync('/proc/driver/nvidia/version');
  return usable ? [{ name: 'NVIDIA GPU', driver: undefined }] : [];
}
