// What is no model: the metric, the schedules, truncation of texts, choice of frames.
import { meanF1, referenceCategories, uniformFrames } from '@reelbert/data';
import { truncateLongestFirst } from '@reelbert/tokenizer';
import { scheduleFactor, trainingSettings } from '@reelbert/trainer';
import { z } from 'zod';

import type { Check, CheckContext } from '../check-context.js';
import { numberTable } from '../set-schema.js';
import { tolerances } from '../tolerance.js';

const family = 'tables';
const indices = z.array(z.int().min(0));
const lengths = z.object({ title: z.int(), asr: z.int(), ocr: z.int() });

const metricCases = z.array(
  z.object({ case: z.string(), labels: indices, predictions: indices, expected: numberTable }),
);
const scheduleCases = z.array(
  z.object({
    kind: z.enum(['cosine', 'linear', 'constant']),
    total: z.int(),
    warmup: z.int(),
    factors: z.array(z.number()),
  }),
);
const truncationCases = z.array(lengths.extend({ budget: z.int(), kept: lengths }));
const samplingCases = z.array(z.object({ num_frames: z.int(), max_frames: z.int(), indices }));

export const checkTables: Check = (context) => {
  checkMetric(context);
  checkSchedules(context);
  checkTruncation(context);
  checkSampling(context);
};

function checkMetric({ set, report }: CheckContext): void {
  const cases = set.expected(metricCases, 'metric') ?? [];
  const pairs = cases.flatMap(({ case: name, labels, predictions, expected }) => {
    const found = meanF1(labels, predictions, referenceCategories);
    const ours: Record<string, number> = {
      lv1_acc: found.lv1Micro,
      lv2_acc: found.lv2Micro,
      lv1_f1_micro: found.lv1Micro,
      lv1_f1_macro: found.lv1Macro,
      lv2_f1_micro: found.lv2Micro,
      lv2_f1_macro: found.lv2Macro,
      mean_f1: found.meanF1,
    };
    return Object.entries(expected).map(
      ([key, value]) => [`${name}, ${key}`, ours[key] ?? NaN, value] as const,
    );
  });
  report.numbers(family, 'metric', tolerances.tables, pairs);
}

function checkSchedules({ set, report }: CheckContext): void {
  const cases = set.expected(scheduleCases, 'schedules') ?? [];
  const pairs = cases.map(({ kind, total, warmup, factors }) => {
    const { schedule } = trainingSettings({ schedule: { kind, warmup: warmup / total } });
    const data = factors.map((_, step) => scheduleFactor(schedule, step, total));
    return { name: `${kind}, ${warmup} of ${total}`, found: { data }, wanted: { data: factors } };
  });
  report.compare(family, 'schedules', tolerances.tables, pairs);
}

function checkTruncation({ set, report }: CheckContext): void {
  const cases = set.expected(truncationCases, 'truncation') ?? [];
  const values = ({ title, asr, ocr }: z.output<typeof lengths>) => ({ data: [title, asr, ocr] });
  const pairs = cases.map(({ budget, kept, ...texts }) => ({
    name: `title ${texts.title}, asr ${texts.asr}, ocr ${texts.ocr} to ${budget}`,
    found: values(truncateLongestFirst(texts, budget)),
    wanted: values(kept),
  }));
  report.compare(family, 'truncation', tolerances.exact, pairs);
}

function checkSampling({ set, report }: CheckContext): void {
  const cases = set.expected(samplingCases, 'frame_sampling') ?? [];
  const pairs = cases.map(({ num_frames: count, max_frames: most, indices: data }) => ({
    name: `${most} of ${count}`,
    found: { data: uniformFrames(count, most) },
    wanted: { data },
  }));
  report.compare(family, 'frame sampling', tolerances.exact, pairs);
}
