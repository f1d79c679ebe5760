/** `npm start`: builds the library and the example agent backend where needed, and runs the backend. */
import { buildExample } from './build-example.mjs';

await buildExample();
await import('../dist/agent-backend/main.js');
