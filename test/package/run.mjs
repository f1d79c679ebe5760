/**
 * The package as its users meet it: packed, installed into bare apps outside the project, compiled and run there on every
 * supported Node. Prints a line for each check; with a path as its argument, writes `{ passed, failed, skipped }` there.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/lib/project.mjs';
import { Checks } from './checks.mjs';
import { filesOf } from './files-of.mjs';
import { InstalledApp, pack } from './installed-app.mjs';
import { nodeOf } from './nodes.mjs';
import { attw, publint } from './package-lint.mjs';
import { withRedis } from './redis.mjs';

const MAJORS = [20, 22, 24];
/** Ways of resolving modules that look for types as Node looks for code. */
const MODULES = ['node16', 'nodenext'];
/** How long an app waits for Redis here: what is tested is the package, not how fast this machine is today. */
const PATIENCE = '5s';
const project = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const nest11 = JSON.parse(readFileSync(join(root, 'test/nest-11/package.json'), 'utf8')).dependencies;
/** The oldest ioredis that may be used, and the one that everything else is tested with. */
const IOREDIS = {
  oldest: /\d+\.\d+\.\d+/.exec(project.peerDependencies.ioredis)[0],
  own: project.devDependencies.ioredis,
};

const bare = (nest) => ({
  '@nestjs/common': nest['@nestjs/common'],
  '@nestjs/config': nest['@nestjs/config'],
  '@nestjs/core': nest['@nestjs/core'],
  '@types/node': project.devDependencies['@types/node'],
  'reflect-metadata': project.devDependencies['reflect-metadata'],
  rxjs: project.devDependencies.rxjs,
});
const files = {
  'main.ts': 'main.ts.template',
  'both-ways.mjs': 'both-ways.mjs.template',
  'entries.mjs': 'entries.mjs.template',
};

const APPS = [
  {
    title: 'Nest 11, CommonJS',
    ioredis: IOREDIS.oldest,
    app: new InstalledApp('nest-11-commonjs', { type: 'commonjs', dependencies: bare(nest11), files }),
    modules: [...MODULES, 'commonjs --moduleResolution node10 --ignoreDeprecations 6.0'],
  },
  {
    title: 'Nest 12, ES modules',
    ioredis: IOREDIS.own,
    app: new InstalledApp('nest-12-esm', { type: 'module', dependencies: bare(project.devDependencies), files }),
    modules: MODULES,
  },
];

/** What every app must print: misses, then hits; a tool that writes makes what was read unusable. */
const answers = {
  statuses: ['miss', 'hit', 'miss', 'hit', 'bypass', 'miss'],
  builds: 1,
  runs: 3,
  isCoreOpen: true,
  key: 'context:task-1:1',
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

async function checkApp({ title, app, modules, ioredis }) {
  const installed = await checks.check(
    `${title}: installs without ioredis`,
    () => app.install(tarball, { without: ['ioredis'] }),
    tarball,
  );
  for (const module of modules) {
    await checks.check(
      `${title}: compiles with module ${module}`,
      () => app.compile(['--module', ...module.split(' ')]),
      installed,
    );
  }
  for (const major of MAJORS) await checkWithoutIoredis(`${title}, Node ${major}`, app, nodes[major], installed);
  const connected = await checks.check(
    `${title}: installs with ioredis ${ioredis}`,
    () => app.install(tarball, { more: { ioredis } }),
    installed,
  );
  await withRedis(async (url) => {
    for (const major of MAJORS) {
      await checks.check(
        `${title}, Node ${major}: misses, then hits, on Redis`,
        async () => {
          const printed = await app.run(nodes[major], 'main.js', { REDIS_URL: url, CACHE_REDIS_TIMEOUT: PATIENCE });
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
  const inMemory = { ...answers, mode: 'memory', connected: true };
  await check('misses, then hits, in memory', async () => {
    assert.deepEqual(await app.run(node, 'main.js'), { ...inMemory, warnings: [] });
  });
  await check('boots with REDIS_URL, warns once and runs on memory', async () => {
    const { warnings, ...printed } = await app.run(node, 'main.js', { REDIS_URL: 'redis://127.0.0.1:6379' });
    assert.deepEqual(printed, inMemory);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0], /ioredis/);
  });
  await check('is one copy, imported and required', async () => {
    assert.deepEqual(await app.run(node, 'both-ways.mjs'), { isOneModule: true, isOneCache: true });
  });
  await check('has the same classes in all entries', async () => {
    assert.deepEqual(await app.run(node, 'entries.mjs'), { esm: true, cjs: true });
  });
}

/** ./core in a folder that has nothing but the package and its own dependencies. */
async function checkCoreAlone() {
  const app = new InstalledApp('core-alone', {
    type: 'module',
    dependencies: {},
    files: { 'main.mjs': 'core-only.mjs.template' },
  });
  const without = ['@nestjs', 'ioredis', 'rxjs', 'reflect-metadata'];
  const flags = ['--omit=peer', '--legacy-peer-deps'];
  const installed = await checks.check(
    './core: installs without peers',
    () => app.install(tarball, { without, flags }),
    tarball,
  );
  await checks.check(
    './core: is two files of each format',
    () => {
      const shipped = join(app.folder, 'node_modules/nestjs-agent-cache/dist');
      for (const format of ['esm', 'cjs']) {
        assert.deepEqual(
          filesOf(join(shipped, format, 'core.js')),
          ['core.js', 'chunks/core.js'].map((name) => join(shipped, format, name)),
        );
      }
    },
    installed,
  );
  for (const major of MAJORS) {
    await checks.check(
      `./core, Node ${major}: caches where no Nest is`,
      async () => assert.deepEqual(await app.run(nodes[major], 'main.mjs'), { loads: [1, 1], isOne: true }),
      installed,
      nodes[major],
    );
  }
  await checks.check('without `module-sync` it would be two copies', () => expectTwoCopies(app), installed);
}

/** Shows that the checks for one copy can fail. */
async function expectTwoCopies(app) {
  const manifest = join(app.folder, 'node_modules/nestjs-agent-cache/package.json');
  const shipped = readFileSync(manifest, 'utf8');
  writeFileSync(manifest, shipped.replaceAll('"module-sync"', '"no-such-condition"'));
  try {
    assert.equal((await app.run(process.execPath, 'main.mjs')).isOne, false);
  } finally {
    writeFileSync(manifest, shipped);
  }
}

function writeReport(path) {
  const { passed, failed, skipped } = checks;
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  if (path) writeFileSync(path, JSON.stringify({ passed, failed, skipped }));
  if (failed > 0) process.exitCode = 1;
}
