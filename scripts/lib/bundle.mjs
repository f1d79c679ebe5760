import { cp, rm, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { root } from './project.mjs';

const ENTRIES = ['index', 'core', 'http', 'testing'];
const MODULES = join(root, 'dist/modules');
const CORE = join(MODULES, 'core.js');

/**
 * Makes what is shipped of the compiled modules in dist/modules: dist/esm and dist/cjs with few files of code each, because
 * Node takes its time for every file, and with the declarations as they are. Throws at whatever rollup warns of.
 */
export async function bundle() {
  // Not needed where everything is up to date.
  const { rollup } = await import('rollup');
  const build = await rollup({
    input: Object.fromEntries(ENTRIES.map((name) => [name, join(MODULES, `${name}.js`)])),
    external: (id) => !id.startsWith('.') && !isAbsolute(id),
    plugins: [{ name: 'url-of-a-commonjs-module', resolveImportMeta }],
    onwarn,
  });
  await write(build, 'es', 'dist/esm');
  await write(build, 'cjs', 'dist/cjs');
  await writeFile(join(root, 'dist/cjs/package.json'), '{"type":"commonjs"}\n');
  await build.close();
}

async function write(build, format, folder) {
  const dir = join(root, folder);
  await rm(dir, { recursive: true, force: true });
  await build.write({
    dir,
    format,
    chunkFileNames: 'chunks/[name].js',
    manualChunks: chunkOf,
    hoistTransitiveImports: false,
    // As TypeScript does: `import()` does not work in the CommonJS of jest, and what is imported has names only.
    dynamicImportInCjs: false,
    interop: 'esModule',
    esModule: true,
  });
  await cp(MODULES, dir, { recursive: true, filter: (path) => !path.endsWith('.js') });
}

/** All that `core` needs is one file, whatever else needs it, too: a class stays one class whichever entry it comes from. */
function chunkOf(id, { getModuleInfo }) {
  return id !== CORE && reachableFrom(CORE, getModuleInfo).has(id) ? 'core' : null;
}

function reachableFrom(entry, getModuleInfo) {
  const reached = new Set([entry]);
  // A set goes on to what is added while it is walked.
  for (const id of reached) for (const imported of getModuleInfo(id).importedIds) reached.add(imported);
  return reached;
}

function resolveImportMeta(property, { format }) {
  return format === 'cjs' && property === 'url' ? "require('node:url').pathToFileURL(__filename).href" : null;
}

/** What TypeScript makes of a decorator looks for `this` in a module, and goes on without. */
function onwarn(warning) {
  if (warning.code !== 'THIS_IS_UNDEFINED') throw new Error(warning.message);
}
