/** A process of its own that asks for the keys it is sent, with as many callers at once as its arguments say. */
import { loadsOf } from '../questions/cold-key.mjs';
import { redisOnly } from './caches.mjs';

const [url, prefix, callers] = process.argv.slice(2);
const cache = await redisOnly(url, prefix);
process.on('message', async ({ key }) => process.send({ loads: await loadsOf(cache, key, Number(callers)) }));
// Whoever started it is gone.
process.once('disconnect', () => process.exit());
process.send({ isReady: true });
