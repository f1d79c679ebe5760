/**
 * The package as its users meet it: packed, installed into bare apps outside the project, compiled and run there on every
 * supported Node. Prints a line for each check; with a path as its argument, writes `{ passed, failed, skipped }` there.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/lib/project.mjs';
import { run } from '../../scripts/lib/run.mjs';
import { Checks } from './checks.mjs';
import { InstalledApp, pack } from './installed-app.mjs';
import { nodeOf } from './nodes.mjs';
import { withRedis } from './redis.mjs';

const MAJORS = [20, 22, 24];
const project = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const nest11 = JSON.parse(readFileSync(join(root, 'test/nest-11/package.json'), 'utf8')).dependencies;
const { ioredis } = project.devDependencies;

const bare = (nest) => ({
  '@nestjs/common': nest['@nestjs/common'],
  '@nestjs/config': nest['@nestjs/config'],
  '@nestjs/core': nest['@nestjs/core'],
  '@types/node': project.devDependencies['@types/node'],
  'reflect-metadata': project.devDependencies['reflect-metadata'],
  rxjs: project.devDependencies.rxjs,
});
const files = { 'main.ts': 'main.ts.template', 'both-ways.mjs': 'both-ways.mjs.template' };

const APPS = [
  {
    title: 'Nest 11, CommonJS',
    app: new InstalledApp('nest-11-commonjs', { type: 'commonjs', dependencies: bare(nest11), files }),
    modules: ['node16', 'nodenext'],
  },
  {
    title: 'Nest 12, ES modules',
    app: new InstalledApp('nest-12-esm', { type: 'module', dependencies: bare(project.devDependencies), files }),
    modules: ['node16', 'nodenext'],
  },
];

/** What every app must print: misses, then hits; a tool that writes makes what was read unusable. */
const answers = {
  statuses: ['miss', 'hit', 'miss', 'hit', 'bypass', 'miss'],
  builds: 1,
  runs: 3,
  core: [1, 1],
  key: 'context:task-1:5'.replace(/5$/, '1'),
  clock: 0,
};

const checks = new Checks();
const nodes = {};
for (const major of MAJORS) nodes[major] = await checks.check(`Node ${major} is there`, () => nodeOf(major));
const tarball = await checks.check('npm pack', pack);

await checks.check('publint has nothing to say', () => publint(tarball), tarball);
await checks.check('the types resolve in every way (attw)', () => attw(tarball), tarball);
await Promise.all(APPS.map(checkApp));
await checkCoreAlone();

writeReport(process.argv[2]);

async function publint(path) {
  const { publint } = await import('publint');
  const { formatMessage } = await import('publint/utils');
  const tarball = readFileSync(path);
  const { messages, pkg } = await publint({
    pack: { tarball: tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.length) },
  });
  assert.deepEqual(
    messages.map((message) => formatMessage(message, pkg)),
    [],
  );
}

async function attw(path) {
  const { ok, output } = await run(process.execPath, [
    join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js'),
    path,
    '--profile',
    'node16',
  ]);
  assert.ok(ok, output);
}

async function checkApp({ title, app, modules }) {
  const installed = await checks.check(`${title}: installs without ioredis`, () => app.install(tarball), tarball);
  for (const module of modules) {
    await checks.check(`${title}: compiles with module ${module}`, () => app.compile(['--module', module]), installed);
  }
  for (const major of MAJORS) await checkWithoutIoredis(`${title}, Node ${major}`, app, nodes[major], installed);
  const connected = await checks.check(
    `${title}: installs with ioredis`,
    () => app.install(tarball, { more: { ioredis } }),
    installed,
  );
  await withRedis(async (url) => {
    for (const major of MAJORS) {
      await checks.check(
        `${title}, Node ${major}: misses, then hits, on Redis`,
        async () => {
          const printed = await app.run(nodes[major], 'main.js', { REDIS_URL: url });
          assert.deepEqual(printed, { ...answers, mode: 'standalone', connected: true, warnings: [] });
        },
        connected,
        nodes[major],
      );
    }
  });
}

async function checkWithoutIoredis(title, app, node, installed) {
  const check = (what, work) => checks.check(`${title}: ${what}`, work, installed, node);
  const inMemory = { ...answers, mode: 'memory', connected: false };
  await check('misses, then hits, in memory', async () => {
    const { connected: _, ...printed } = await app.run(node, 'main.js');
    const { connected: __, ...expected } = inMemory;
    assert.deepEqual(printed, { ...expected, warnings: [] });
  });
  await check('boots with REDIS_URL, warns once and runs on memory', async () => {
    const {
      connected: _,
      warnings,
      ...printed
    } = await app.run(node, 'main.js', { REDIS_URL: 'redis://127.0.0.1:6379' });
    const { connected: __, ...expected } = inMemory;
    assert.deepEqual(printed, expected);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0], /ioredis/);
  });
  await check('is one copy, imported and required', async () => {
    assert.deepEqual(await app.run(node, 'both-ways.mjs'), { isOneModule: true, isOneCache: true });
  });
}

/** ./core in a folder that has nothing but the package and its own dependencies. */
async function checkCoreAlone() {
  const app = new InstalledApp('core-alone', {
    type: 'module',
    dependencies: {},
    files: { 'main.mjs': 'core-only.mjs.template' },
  });
  const installed = await checks.check(
    './core: installs without peers',
    async () => {
      await app.install(tarball, { flags: ['--omit=peer', '--legacy-peer-deps'] });
      for (const name of ['@nestjs', 'ioredis', 'rxjs', 'reflect-metadata']) {
        assert.ok(!existsSync(join(app.folder, 'node_modules', name)), `${name} is there`);
      }
    },
    tarball,
  );
  for (const major of MAJORS) {
    await checks.check(
      `./core, Node ${major}: caches where no Nest is`,
      async () => assert.deepEqual(await app.run(nodes[major], 'main.mjs'), { loads: [1, 1], isOne: true }),
      installed,
      nodes[major],
    );
  }
}

function writeReport(path) {
  const { passed, failed, skipped } = checks;
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  if (path) writeFileSync(path, JSON.stringify({ passed, failed, skipped }));
  if (failed > 0) process.exitCode = 1;
}
