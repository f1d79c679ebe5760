import { register } from 'node:module';

// For `node --import`: runs the TypeScript of this repository as it is, translated as jest translates it.
register('./typescript-hooks.mjs', import.meta.url);
