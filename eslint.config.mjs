import tseslint from 'typescript-eslint';

const GIVEN = 'A clock, randomness and an event sink are given to this room.';
const FAKE_TIME =
  'Here time is advanced with a fake clock, never slept. Where a real server keeps the time, a test belongs into another folder.';

const exportAll = { selector: 'ExportAllDeclaration', message: 'Export by name: `export *` hides the API.' };
const moduleState = {
  selector: ":matches(Program, Program > ExportNamedDeclaration) > VariableDeclaration[kind='let']",
  message: 'State of a module is shared by all apps of a process: put it into an object.',
};
const now = { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: GIVEN };

const machine = [
  ...['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval'],
  ...['process', 'console', 'performance'],
];

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', 'coverage/**', 'reports/**', 'test/package/apps/**'] },
  ...tseslint.configs.recommendedTypeChecked.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 200, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 30, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': ['error', exportAll, moduleState],
    },
  },
  {
    files: ['src/core/**/*.ts', 'src/agent/**/*.ts', 'src/codec/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...machine.map((name) => ({ name, message: GIVEN }))],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: GIVEN },
        { object: 'Math', property: 'random', message: GIVEN },
        ...machine.map((property) => ({ object: 'globalThis', property, message: GIVEN })),
      ],
      'no-restricted-syntax': ['error', exportAll, moduleState, now],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['test/unit/**/*.ts', 'test/property/**/*.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...['setTimeout', 'setInterval'].map((name) => ({ name, message: FAKE_TIME })),
      ],
      'no-restricted-imports': [
        'error',
        ...['timers', 'node:timers', 'timers/promises', 'node:timers/promises'].map((name) => ({
          name,
          message: FAKE_TIME,
        })),
      ],
    },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    rules: {
      eqeqeq: 'error',
      'no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-restricted-syntax': ['error', exportAll],
    },
  },
);
