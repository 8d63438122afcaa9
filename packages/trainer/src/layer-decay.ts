import type { LayerDecaySettings } from './config.js';

/**
 * Layer-wise decay of learning rates (Howard & Ruder 2018, ULMFiT, section 3.2; Sun et al. 2019): a factor on the rate
 * of each parameter, in the order given. In an encoder of L layers, those parameters whose names begin alike up to
 * `layer.N.` or `layers.N.`, layer N has `factor^(L - 1 - N)`, the last layer thus 1. What an encoder has before its
 * first layer (embeddings, a norm, a projection) has `factor^L`; what follows its last layer, and all outside of
 * encoders, has 1.
 *
 * @param names of all parameters, in the order in which the model declares them
 */
export function layerFactors(names: readonly string[], settings: LayerDecaySettings | null): number[] {
  if (settings === null) return names.map(() => 1);
  const { factor, match } = settings;
  const encoders = findEncoders(names);
  return names.map((name, position) => {
    if (match && !match.some((part) => name.includes(part))) return 1;
    return factor ** layersAbove(name, position, encoders);
  });
}

interface Encoder {
  /** What the names of its parameters begin with, those before and after its layers included. */
  readonly root: string;
  /** The position of its first layer's first parameter. */
  readonly start: number;
  layers: number;
}

/** The parts of a name with `encoder.layer.3.` in it: up to the number, and the number. */
function layerOf(name: string): { stack: string; layer: number } | undefined {
  const found = /^(.*?layers?)\.(\d+)\./.exec(name);
  return found ? { stack: found[1]!, layer: Number(found[2]) } : undefined;
}

function findEncoders(names: readonly string[]): ReadonlyMap<string, Encoder> {
  const encoders = new Map<string, Encoder>();
  names.forEach((name, start) => {
    const found = layerOf(name);
    if (!found) return;
    const { stack, layer } = found;
    if (!encoders.has(stack)) encoders.set(stack, { root: rootOf(stack), start, layers: 0 });
    const encoder = encoders.get(stack)!;
    encoder.layers = Math.max(encoder.layers, layer + 1);
  });
  return encoders;
}

/** `bert.` of `bert.encoder.layer`, `cross_bert.` of `cross_bert.x_layers`. */
function rootOf(stack: string): string {
  const owner = stack.replace(/(^|\.)encoder\.layers?$/, '$1');
  return owner === stack ? stack.slice(0, stack.lastIndexOf('.') + 1) : owner;
}

/** How many steps down from its encoder's last layer a parameter lies. */
function layersAbove(name: string, position: number, encoders: ReadonlyMap<string, Encoder>): number {
  const found = layerOf(name);
  if (found) return encoders.get(found.stack)!.layers - 1 - found.layer;
  const owners = [...encoders.values()].filter(({ root }) => name.startsWith(root));
  const owner = owners.sort((a, b) => b.root.length - a.root.length)[0];
  return owner && position < owner.start ? owner.layers : 0;
}
