import { patchCount, type ClipVisionConfig } from './config.js';

/** Larger batches are hardly faster. */
const most = 64;

/**
 * How many frames to encode at a time: the largest power of two up to 64 whose values fit into a quarter of the memory.
 *
 * @param memory bytes that are available; default: what the system says
 */
export function extractionBatchSize(config: ClipVisionConfig, memory = process.availableMemory()): number {
  const fitting = Math.floor(memory / 4 / frameBytes(config));
  return Math.min(most, 2 ** Math.floor(Math.log2(Math.max(1, fitting))));
}

/**
 * Bytes for a frame on its way through: the pixels of three batches (one that is encoded, one that waits, one that is
 * filled) and their patches, and the values of one layer at its widest.
 */
function frameBytes(config: ClipVisionConfig): number {
  const { hiddenSize, intermediateSize, numAttentionHeads, imageSize } = config;
  const tokens = 1 + patchCount(config);
  const layer = tokens * (8 * hiddenSize + 2 * intermediateSize) + 2 * numAttentionHeads * tokens ** 2;
  return 4 * (4 * imageSize ** 2 * 3 + layer);
}
