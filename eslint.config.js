import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', '**/*.js'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      '@typescript-eslint/require-await': 'off',
      // `await using _ = …` and loops that only count: nothing is read, on purpose.
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_$' }],
    },
  },
  {
    // A URL's path is no file's: a folder may have spaces and letters of any kind in its name.
    rules: {
      'no-restricted-properties': ['error', { property: 'pathname', message: 'Take fileURLToPath.' }],
    },
  },
  {
    // What an error is about is asked by its category; exit codes are known in cli/exit-code.ts, and what a recorded
    // probe ended with in the two files that judge it. CustodyError's own is protected.
    files: ['src/**'],
    ignores: ['src/rules/probe-result.ts', 'src/validator/checks/probes.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ group: ['**/errors.ts'], importNames: ['ERROR_EXIT'], message: 'Ask categoryOf.' }] },
      ],
    },
  },
  {
    // The validator's own file stays as its pinned bytes have it.
    files: ['src/**'],
    ignores: ['src/errors.ts', 'src/validator/main.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            "LogicalExpression:has(> BinaryExpression[operator='instanceof']):has(> BinaryExpression[operator='in'][left.value='code'])",
          message: 'Ask hasCode or codeOf (errors.ts).',
        },
      ],
    },
  },
  {
    // The rooms that are pure take no clock, no chance and nothing of the process; what they import is in
    // .dependency-cruiser.json. validator/main.ts is where the bundle begins; digest-table.ts draws where its slots lie,
    // which nothing that is seen depends on.
    files: ['src/{objects,rules,log,validator,vectors}/**'],
    ignores: ['src/validator/main.ts', 'src/objects/digest-table.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...['Date', 'Intl', 'performance', 'setTimeout', 'setInterval', 'crypto'],
        ...['process', 'console', 'fetch', 'globalThis'],
      ],
      'no-restricted-properties': ['error', { object: 'Math', property: 'random' }],
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: 'node:crypto',
              allowImportNames: [
                ...[
                  'createHash',
                  'hash',
                  'createPrivateKey',
                  'createPublicKey',
                  'KeyObject',
                  'sign',
                  'verify',
                ],
              ],
            },
          ],
        },
      ],
    },
  },
);
