import { createProjectGraphAsync } from '@nx/devkit';
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

// The rule on module boundaries reads Nx's cached project graph, and without one it is silently skipped.
await createProjectGraphAsync();

// Who may import whom: only downwards (CONTRIBUTING.md, "Layout").
const layers = ['compiler', 'engine', 'core', 'model', 'stage', 'app', 'tool'];
const downwards = layers.map((layer, level) => ({
  sourceTag: `layer:${layer}`,
  onlyDependOnLibsWithTags: ['layer:pure', ...layers.slice(0, level + 1).map((lower) => `layer:${lower}`)],
}));

export default [
  { ignores: ['**/dist/**', '**/build/**', '**/deps/**', '**/.nx/**', '**/fixtures/**'] },
  ...tseslint.configs.recommended.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts', '**/*.js'],
    plugins: { '@nx': nx },
    languageOptions: { parser: tseslint.parser },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          enforceBuildableLibDependency: false,
          allow: [],
          depConstraints: [
            ...downwards,
            { sourceTag: 'layer:pure', onlyDependOnLibsWithTags: ['layer:pure'] },
            {
              sourceTag: 'runtime:pure',
              onlyDependOnLibsWithTags: ['runtime:pure'],
              bannedExternalImports: ['@tensorflow/*'],
            },
            ...['core', 'model', 'stage', 'app', 'tool'].map((layer) => ({
              sourceTag: `layer:${layer}`,
              bannedExternalImports: ['@tensorflow/tfjs-node*', '@tensorflow/tfjs-backend*'],
            })),
          ],
        },
      ],
    },
  },
  {
    files: ['{packages,apps,tools}/*/src/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Name what you export.' },
        {
          selector: "MemberExpression[object.name='Math'][property.name='random']",
          message: 'Randomness takes a key (data: random.ts).',
        },
        {
          selector:
            "MemberExpression[object.name='tf'][property.name=/^(dropout|random.*|truncatedNormal|multinomial)$/]",
          message: 'Tensors are drawn by a key (engine: ops/random.ts, ops/dropout.ts).',
        },
      ],
    },
  },
];
