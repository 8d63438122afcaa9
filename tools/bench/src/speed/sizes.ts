/** Sizes of the models that a benchmark runs. */
export interface ModelSizes {
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediateSize: number;
  readonly vocabSize: number;
  /** Layers of the two-stream model beside the text encoder's: frame encoder, cross layers. */
  readonly visualLayers: number;
  readonly crossLayers: number;
  readonly classes: number;
  /** Text tokens at most; what the original pads to. */
  readonly textLength: number;
  /** Batches are padded to multiples of so many text tokens. */
  readonly bucketWidth: number;
  readonly frames: number;
  /** Width of a frame's feature, the tower's hidden size. */
  readonly frameDim: number;
  readonly imageSize: number;
  readonly patchSize: number;
}

/** BERT-base, LXMERT's depth of the original, CLIP ViT-B/32. */
export const baseSizes: ModelSizes = {
  hiddenSize: 768,
  layers: 12,
  heads: 12,
  intermediateSize: 3072,
  vocabSize: 21_128,
  visualLayers: 6,
  crossLayers: 3,
  classes: 200,
  textLength: 256,
  bucketWidth: 32,
  frames: 16,
  frameDim: 768,
  imageSize: 224,
  patchSize: 32,
};

/** The program's small preset, that of the sample data. */
export const smallSizes: ModelSizes = {
  hiddenSize: 128,
  layers: 4,
  heads: 4,
  intermediateSize: 512,
  vocabSize: 1500,
  visualLayers: 2,
  crossLayers: 1,
  classes: 69,
  textLength: 48,
  bucketWidth: 16,
  frames: 4,
  frameDim: 128,
  imageSize: 64,
  patchSize: 16,
};

/** Just large enough to have every part, for tests. */
export const tinySizes: ModelSizes = {
  hiddenSize: 32,
  layers: 1,
  heads: 2,
  intermediateSize: 48,
  vocabSize: 64,
  visualLayers: 1,
  crossLayers: 1,
  classes: 5,
  textLength: 48,
  bucketWidth: 32,
  frames: 3,
  frameDim: 32,
  imageSize: 16,
  patchSize: 8,
};
