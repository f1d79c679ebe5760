import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../scripts/lib/project.mjs';
import { run } from '../../scripts/lib/run.mjs';

const templates = join(root, 'test/package/apps');

/**
 * Where the apps are installed: outside the project, so that nothing is found in its node_modules, and the same in every
 * run, so that what was installed once is used again.
 */
export const folder = join(
  tmpdir(),
  `nestjs-agent-cache-apps-${createHash('sha256').update(root).digest('hex').slice(0, 8)}`,
);

/** Packs the built package; resolves to the path of the tarball, which has its content's digest in its name. */
export async function pack() {
  const packing = join(folder, 'pack');
  await rm(packing, { recursive: true, force: true });
  await mkdir(packing, { recursive: true });
  const result = await run('npm', ['pack', '--silent', '--pack-destination', packing], { limitSeconds: 180 });
  if (!result.ok) throw new Error(`npm pack failed:\n${result.output}`);
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const bytes = await readFile(join(packing, `nestjs-agent-cache-${version}.tgz`));
  const tarball = join(
    packing,
    `nestjs-agent-cache-${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}.tgz`,
  );
  await writeFile(tarball, bytes);
  return tarball;
}

/** An app of its own that has installed the package as its users do. */
export class InstalledApp {
  constructor(name, { type, dependencies, files }) {
    this.folder = join(folder, name);
    this.manifest = { name, private: true, type, dependencies };
    this.files = files;
  }

  /**
   * Installs the tarball and the app's dependencies, `more` included. What `without` names is taken away first: npm leaves
   * an optional peer of an earlier run where it is. Throws where it came back.
   */
  async install(tarball, { more = {}, without = [], flags = [] } = {}) {
    // The package of an earlier run has the same version, and npm's own list of what is there knows neither that nor this.
    for (const name of [...without, 'nestjs-agent-cache', '.package-lock.json']) {
      await rm(join(this.folder, 'node_modules', name), { recursive: true, force: true });
    }
    await mkdir(this.folder, { recursive: true });
    const dependencies = { ...this.manifest.dependencies, ...more, 'nestjs-agent-cache': `file:${tarball}` };
    await writeFile(join(this.folder, 'package.json'), JSON.stringify({ ...this.manifest, dependencies }, null, 2));
    for (const [name, template] of Object.entries(this.files)) {
      await cp(join(templates, template), join(this.folder, name));
    }
    const args = ['install', '--no-package-lock', '--no-audit', '--no-fund', '--prefer-offline', ...flags];
    const result = await run('npm', args, { cwd: this.folder, limitSeconds: 180 });
    if (!result.ok) throw new Error(`npm install failed in ${this.folder}:\n${result.output}`);
    const found = without.filter((name) => existsSync(join(this.folder, 'node_modules', name)));
    if (found.length > 0) throw new Error(`npm installed ${found.join(', ')}, which should not be there`);
  }

  /** Compiles main.ts as a user of TypeScript does who also checks the declarations of libraries. */
  async compile(options) {
    const tsc = [join(root, 'node_modules/typescript/bin/tsc'), 'main.ts', ...TSC_OPTIONS, ...options];
    const result = await run(process.execPath, tsc, { cwd: this.folder, limitSeconds: 120 });
    if (!result.ok) throw new Error(result.output);
  }

  /** Runs a file of the app; resolves to the JSON that it printed. It must end by itself, with 0. */
  async run(node, file, env = {}) {
    const clean = { NODE_OPTIONS: '', REDIS_URL: '', ...env };
    const result = await run(node, [file], { cwd: this.folder, env: clean, limitSeconds: 20 });
    if (!result.ok) throw new Error(`${file} ended with ${result.code}:\n${result.output}`);
    return JSON.parse(result.output);
  }
}

const TSC_OPTIONS =
  '--target es2022 --lib es2022 --types node --strict --experimentalDecorators --emitDecoratorMetadata'.split(' ');
