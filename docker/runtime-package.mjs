/**
 * Run while the image is built: reduces package.json to what the built example needs, so that `npm prune` leaves only
 * that. What it needs is read from its imports; the versions are those of the project.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '../..');
const project = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const known = { ...project.peerDependencies, ...project.devDependencies, ...project.dependencies };

const folder = join(root, 'dist/agent-backend');
const code = readdirSync(folder, { recursive: true })
  .filter((name) => name.endsWith('.js'))
  .map((name) => readFileSync(join(folder, name), 'utf8'))
  .join('\n');
const imported = [...code.matchAll(/^(?:import|export)\s[^;]*?['"]((?:@[^/'"]+\/)?[^./'"][^/'"]*)[^'"]*['"]/gm)].map(
  ([, name]) => name,
);
/** Nest loads it by itself. */
const http = '@nestjs/platform-express';
const needed = [...imported, http, ...Object.keys(project.peerDependencies)].filter((name) =>
  Object.hasOwn(known, name),
);

const { name, version, type, engines, main, exports } = project;
const dependencies = {
  ...Object.fromEntries([...new Set(needed)].sort().map((each) => [each, known[each]])),
  ...project.dependencies,
};
writeFileSync(
  join(root, 'package.json'),
  `${JSON.stringify({ name, version, type, engines, main, exports, dependencies }, null, 2)}\n`,
);
