/** Native ES modules: run with `npm run jest`. NEST=11 runs the same tests on Nest 11; TIMED=retry tries failed ones again. */
const nest11 = process.env.NEST === '11' ? { '^@nestjs/(.*)$': '<rootDir>/test/nest-11/node_modules/@nestjs/$1' } : {};

export default {
  testEnvironment: 'node',
  cacheDirectory: '<rootDir>/.cache/jest',
  // A test that waits on a busy machine is slow, not wrong.
  testTimeout: 20_000,
  roots: ['<rootDir>/test'],
  testRegex: '\\.(spec|e2e-spec)\\.ts$',
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/package/apps/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/test/nest-11/package.json'],
  setupFiles: ['<rootDir>/test/support/own-environment.ts'],
  setupFilesAfterEnv: process.env.TIMED === 'retry' ? ['<rootDir>/test/support/retry-timed.ts'] : [],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^@nestjs/throttler$': '<rootDir>/test/support/throttler.ts',
    '^nestjs-agent-cache$': '<rootDir>/src/index.ts',
    '^nestjs-agent-cache/(.*)$': '<rootDir>/src/$1.ts',
    ...nest11,
  },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        sourceMaps: 'inline',
        module: { type: 'es6' },
        jsc: {
          target: 'es2022',
          keepClassNames: true,
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        },
      },
    ],
  },
  collectCoverageFrom: ['src/**/*.ts'],
  coverageProvider: 'v8',
};
