/** TensorFlow's number of bfloat16, which tfjs has no type for. */
const bfloat16 = 14;
const float32 = 1;

interface OutputMetadata {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** The part of tfjs-node's backend that makes tensors of an operation's outputs. */
interface OutputMaker {
  createOutputTensor(metadata: OutputMetadata): { readonly dataId: object };
  readonly tensorMap: { get(dataId: object): { dtype: number } };
}

/**
 * Lets a backend hold bfloat16 tensors between the raw operations of one kernel. To tfjs they look like float32, so
 * such a tensor must not leave the kernel; TensorFlow keeps their real type.
 */
export function acceptBfloat16(backend: object): void {
  const maker = backend as OutputMaker;
  const create = maker.createOutputTensor.bind(maker);
  maker.createOutputTensor = (metadata) => {
    if (metadata.dtype !== bfloat16) return create(metadata);
    const tensor = create({ ...metadata, dtype: float32 });
    maker.tensorMap.get(tensor.dataId).dtype = bfloat16;
    return tensor;
  };
}
