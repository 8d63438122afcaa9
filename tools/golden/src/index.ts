export { checkSet } from './check-set.js';
export { GoldenSet } from './golden-set.js';
export { Report, type Row } from './report.js';
export { formatSummary } from './summary.js';
export { formatTable } from './table.js';
