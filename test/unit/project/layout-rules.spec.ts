import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cruise, type IConfiguration, type ICruiseResult } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';

const ROOT = resolve(import.meta.dirname, '../../..');
const rules = createRequire(import.meta.url)(join(ROOT, '.dependency-cruiser.cjs')) as Required<IConfiguration>;

type Files = Record<string, readonly string[]>;

/** A project that keeps every rule: file → what it imports. */
const LAWFUL: Files = {
  'src/index.ts': ['@nestjs/common', './nest/cache.module.js', './core.js'],
  'src/core.ts': ['./composition/create.js'],
  'src/http.ts': ['@nestjs/common', './nest/http/http.module.js'],
  'src/testing.ts': ['./testing/fake.js', './composition/create.js'],
  'src/nest/cache.module.ts': ['@nestjs/common', 'rxjs', '../composition/create.js', '../agent/tool.js'],
  'src/nest/http/http.module.ts': ['@nestjs/common', '../../core/cache.js'],
  'src/composition/create.ts': [
    '../core/cache.js',
    '../tiers/redis/store.js',
    '../tiers/memory/store.js',
    '../codec/json.js',
    '../observability/metrics.js',
  ],
  'src/core/cache.ts': [
    './ports/store.js',
    './errors.js',
    './events.js',
    './policy/options.js',
    './resilience/guard.js',
    'node:crypto',
  ],
  'src/core/ports/store.ts': [],
  'src/core/errors.ts': [],
  'src/core/events.ts': ['./ports/store.js'],
  'src/core/policy/options.ts': [],
  'src/core/resilience/guard.ts': ['../ports/store.js'],
  'src/agent/tool.ts': [
    '../core/cache.js',
    './tools/policy.js',
    './prompts/policy.js',
    'node:fs/promises',
    'node:path',
  ],
  'src/agent/tools/policy.ts': ['../calls/call.js'],
  'src/agent/values/policy.ts': ['../calls/call.js'],
  'src/agent/prompts/policy.ts': ['../values/policy.js'],
  'src/agent/calls/call.ts': [],
  'src/tiers/redis/store.ts': [
    '../../core/ports/store.js',
    '../../core/resilience/guard.js',
    '../../core/policy/options.js',
    'ioredis',
  ],
  'src/tiers/memory/store.ts': ['../../core/ports/store.js', 'lru-cache'],
  'src/codec/json.ts': ['../core/ports/store.js', '../core/errors.js', 'node:zlib'],
  'src/observability/metrics.ts': ['../core/events.js', '../core/ports/store.js'],
  'src/testing/fake.ts': [
    '../core/ports/store.js',
    '../composition/create.js',
    '../tiers/memory/store.js',
    'node:assert/strict',
  ],
  'examples/app/main.ts': ['nestjs-agent-cache', 'nestjs-agent-cache/http', '@nestjs/common', './other.js'],
  'examples/app/other.ts': [],
};

/** What a call does goes one way through these rooms of the core, and through these of the tier on Redis. */
const CORE_ROOMS = ['versions', 'under-way', 'invalidation', 'reading', 'writing', 'loading'];
const REDIS_ROOMS = ['scripts', 'clients', 'cluster', 'commands', 'connections', 'guard', 'entries', 'tracking'];
const UPWARDS = [
  ...upwards('core', 'src/core', 'cache.ts', CORE_ROOMS),
  ...upwards('redis', 'src/tiers/redis', 'store.ts', REDIS_ROOMS),
];

/** One broken rule each: what is added to the lawful project, and all that must then be found. */
const BROKEN: readonly { readonly rule: string; readonly add: Files; readonly found: readonly string[] }[] = [
  ...UPWARDS,
  { rule: 'core-imports', add: { 'src/core/cache.ts': ['node:fs'] }, found: ['core-imports: src/core/cache.ts → fs'] },
  {
    rule: 'core-imports',
    add: { 'src/core/cache.ts': ['../codec/json.js'] },
    found: ['core-imports: src/core/cache.ts → src/codec/json.ts'],
  },
  {
    rule: 'core-imports',
    add: { 'src/core/cache.ts': ['type ../codec/json.js'] },
    found: ['core-imports: src/core/cache.ts → src/codec/json.ts'],
  },
  {
    rule: 'agent-imports',
    add: { 'src/agent/tool.ts': ['../codec/json.js'] },
    found: ['agent-imports: src/agent/tool.ts → src/codec/json.ts'],
  },
  {
    rule: 'agent-calls-know-no-kind',
    add: { 'src/agent/tool.ts': ['./streams/stream.js'], 'src/agent/streams/stream.ts': ['../values/policy.js'] },
    found: ['agent-calls-know-no-kind: src/agent/streams/stream.ts → src/agent/values/policy.ts'],
  },
  {
    rule: 'agent-kinds-know-no-other',
    add: { 'src/agent/prompts/policy.ts': ['../tools/policy.js'] },
    found: ['agent-kinds-know-no-other: src/agent/prompts/policy.ts → src/agent/tools/policy.ts'],
  },
  {
    rule: 'tiers-imports',
    add: { 'src/tiers/memory/store.ts': ['../../core/cache.js'] },
    found: ['tiers-imports: src/tiers/memory/store.ts → src/core/cache.ts'],
  },
  {
    rule: 'codec-imports',
    add: { 'src/codec/json.ts': ['node:fs'] },
    found: ['codec-imports: src/codec/json.ts → fs'],
  },
  {
    rule: 'observability-imports',
    add: { 'src/observability/metrics.ts': ['../core/cache.js'] },
    found: ['observability-imports: src/observability/metrics.ts → src/core/cache.ts'],
  },
  {
    rule: 'testing-imports',
    add: { 'src/testing/fake.ts': ['../core/cache.js'] },
    found: ['testing-imports: src/testing/fake.ts → src/core/cache.ts'],
  },
  {
    rule: 'composition-imports',
    add: { 'src/composition/create.ts': ['rxjs'] },
    found: ['composition-imports: src/composition/create.ts → node_modules/rxjs/index.js'],
  },
  {
    rule: 'composition-is-imported-by-roots-only',
    add: { 'src/http.ts': ['./composition/create.js'] },
    found: ['composition-is-imported-by-roots-only: src/http.ts → src/composition/create.ts'],
  },
  {
    rule: 'tiers-do-not-import-each-other',
    add: { 'src/tiers/memory/store.ts': ['../redis/store.js'] },
    found: ['tiers-do-not-import-each-other: src/tiers/memory/store.ts → src/tiers/redis/store.ts'],
  },
  {
    rule: 'ioredis-only-in-its-tier',
    add: { 'src/nest/cache.module.ts': ['ioredis'] },
    found: ['ioredis-only-in-its-tier: src/nest/cache.module.ts → node_modules/ioredis/index.js'],
  },
  {
    rule: 'nest-only-in-the-glue',
    add: { 'src/testing.ts': ['@nestjs/common'] },
    found: ['nest-only-in-the-glue: src/testing.ts → node_modules/@nestjs/common/index.js'],
  },
  {
    rule: 'core-entry-reaches-no-nest',
    add: { 'src/composition/create.ts': ['./glue.js'], 'src/composition/glue.ts': ['@nestjs/common'] },
    found: [
      'composition-imports: src/composition/glue.ts → node_modules/@nestjs/common/index.js',
      'core-entry-reaches-no-nest: src/core.ts → node_modules/@nestjs/common/index.js',
      'nest-only-in-the-glue: src/composition/glue.ts → node_modules/@nestjs/common/index.js',
    ],
  },
  {
    rule: 'testing-is-not-shipped-code',
    add: { 'src/nest/cache.module.ts': ['../testing/fake.js'] },
    found: ['testing-is-not-shipped-code: src/nest/cache.module.ts → src/testing/fake.ts'],
  },
  {
    rule: 'shipped-code-imports-no-project-folder',
    add: { 'src/nest/cache.module.ts': ['../../test/support/thing.js'], 'test/support/thing.ts': [] },
    found: ['shipped-code-imports-no-project-folder: src/nest/cache.module.ts → test/support/thing.ts'],
  },
  {
    rule: 'shipped-code-uses-shipped-dependencies',
    add: { 'src/nest/cache.module.ts': ['supertest'] },
    found: ['shipped-code-uses-shipped-dependencies: src/nest/cache.module.ts → node_modules/supertest/index.js'],
  },
  {
    rule: 'examples-use-the-package-by-name',
    add: { 'examples/app/main.ts': ['../../src/core.js'] },
    found: ['examples-use-the-package-by-name: examples/app/main.ts → src/core.ts'],
  },
  {
    rule: 'no-cycles',
    add: { 'src/core/ports/store.ts': ['../events.js'] },
    found: ['no-cycles: src/core/events.ts → src/core/ports/store.ts'],
  },
  {
    rule: 'no-dead-modules',
    add: { 'src/core/forgotten.ts': ['./errors.js'] },
    found: ['no-dead-modules: src/core/forgotten.ts'],
  },
  {
    rule: 'no-unresolved-imports',
    add: { 'examples/app/other.ts': ['./nowhere.js'] },
    found: ['no-unresolved-imports: examples/app/other.ts → ./nowhere.js'],
  },
];

describe('layout rules', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'layout-rules-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('are content with a project that keeps them', async () => {
    expect(await violations(folder, 'lawful', LAWFUL)).toEqual([]);
  });

  it.each(BROKEN.map((broken) => ({ ...broken, title: JSON.stringify(broken.add) })))(
    '$rule finds $title',
    async (broken) => {
      const { add, found, title } = broken;
      const files = { ...LAWFUL };
      for (const [file, imports] of Object.entries(add)) files[file] = [...(LAWFUL[file] ?? []), ...imports];
      expect(await violations(folder, title.replace(/\W+/g, '-'), files)).toEqual(found);
    },
  );

  it('are each shown to find something', () => {
    expect([...new Set(BROKEN.map(({ rule }) => rule))].sort()).toEqual(rules.forbidden.map(({ name }) => name).sort());
  });
});

/** Writes the project and answers what the rules find in it, as `rule: from → to`. */
async function violations(folder: string, name: string, files: Files): Promise<string[]> {
  const project = join(folder, name);
  await writeProject(project, files);
  const tsConfig = { fileName: join(project, 'tsconfig.json') };
  const { output } = await cruise(
    ['src', 'examples'],
    { ...rules.options, tsConfig, ruleSet: { forbidden: rules.forbidden }, validate: true, baseDir: project },
    { bustTheCache: true },
    { tsConfig: extractTSConfig(tsConfig.fileName) },
  );
  return (output as ICruiseResult).summary.violations
    .map(({ rule, from, to }) => `${rule.name}: ${from}${to === from ? '' : ` → ${to}`}`)
    .sort();
}

async function writeProject(project: string, files: Files): Promise<void> {
  for (const [file, imports] of Object.entries(files)) {
    const text = imports.map(importing).join('');
    await write(join(project, file), text || 'export {};\n');
  }
  for (const library of ['ioredis', 'lru-cache', 'rxjs', 'supertest', '@nestjs/common']) {
    await write(
      join(project, 'node_modules', library, 'package.json'),
      JSON.stringify({ name: library, main: 'index.js' }),
    );
    await write(join(project, 'node_modules', library, 'index.js'), '');
  }
  await cp(join(ROOT, 'package.json'), join(project, 'package.json'));
  const tsConfig = JSON.parse(await readFile(join(ROOT, 'tsconfig.json'), 'utf8')) as { compilerOptions: object };
  // Without it the aliases would be looked up from the folder the tests run in.
  const compilerOptions = { ...tsConfig.compilerOptions, baseUrl: project };
  await write(join(project, 'tsconfig.json'), JSON.stringify({ ...tsConfig, compilerOptions }));
}

/** Each room of `folder` that imports from the next one, which `root` leads to. */
function upwards(
  prefix: string,
  folder: string,
  root: string,
  rooms: readonly string[],
): { rule: string; add: Files; found: string[] }[] {
  return rooms.slice(0, -1).map((room, index) => {
    const above = rooms[index + 1] as string;
    const [lower, upper] = [`${folder}/${room}/lower.ts`, `${folder}/${above}/upper.ts`];
    const add: Files = {
      [`${folder}/${root}`]: [`./${room}/lower.js`],
      [lower]: [`../${above}/upper.js`],
      [upper]: [],
    };
    const rule = `${prefix}-${room}-knows-nothing-above`;
    return { rule, add, found: [`${rule}: ${lower} → ${upper}`] };
  });
}

/** Code that imports `from`; of `type x`, only types. */
function importing(from: string, index: number): string {
  const name = `m${index}`;
  if (from.startsWith('type ')) return `import type * as ${name} from '${from.slice(5)}';\nexport type { ${name} };\n`;
  return `import * as ${name} from '${from}';\nexport { ${name} };\n`;
}

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
