import type { OptimizerSettings } from './config.js';
import { layerFactors } from './layer-decay.js';

/** How one parameter is updated. */
export interface ParameterRule {
  readonly name: string;
  readonly shape: readonly number[];
  /** Before the schedule's factor. */
  readonly learningRate: number;
  /** 0 for parameters that are spared. */
  readonly weightDecay: number;
  readonly frozen: boolean;
}

type Named = { readonly name: string; readonly shape: readonly number[] };

/**
 * One rule a parameter, in the order given (the model's): the rate of the first group whose substring its name contains,
 * or the common one, times the factor of its layer where layers decay.
 */
export function parameterRules(parameters: Iterable<Named>, settings: OptimizerSettings): ParameterRule[] {
  const all = [...parameters];
  const names = all.map(({ name }) => name);
  const factors = layerFactors(names, settings.layerDecay);
  return all.map(({ name, shape }, i) => {
    const group = settings.groups.find(({ match }) => match.some((part) => name.includes(part)));
    return {
      name,
      shape,
      learningRate: factors[i]! * (group?.learningRate ?? (group?.factor ?? 1) * settings.learningRate),
      weightDecay: decays({ name, shape }, settings.noDecay) ? settings.weightDecay : 0,
      frozen: group?.frozen ?? false,
    };
  });
}

/**
 * Weight decay spares what is at most a vector: biases, weights of norms, scales, class embeddings. The reference
 * goes by names instead, and so decays CLIP's norms (`layer_norm1.weight`), `logit_scale` and `cls_token`.
 */
function decays({ name, shape }: Named, noDecay: OptimizerSettings['noDecay']): boolean {
  if (noDecay === 'reference') return !name.includes('bias') && !name.includes('LayerNorm.weight');
  return shape.filter((extent) => extent > 1).length > 1;
}
