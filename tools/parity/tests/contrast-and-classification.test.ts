import { describeTraining } from './training-behaviour.js';
import { classificationCases, videoTextContrast } from './training-cases.js';

for (const trained of [videoTextContrast, ...classificationCases]) describeTraining(trained);
