/** What an agent backend caches, in the sizes that are asked about. */
const SENTENCE = 'The tool answered, and the agent read the file again to see what had changed.';

const message = (turn) => ({
  role: turn % 2 ? 'tool' : 'assistant',
  content: `${SENTENCE} ${turn}\n${SENTENCE.repeat(4)}`,
  id: `call_${turn}`,
  name: 'read_file',
  args: { path: `src/file-${turn}.ts`, limit: 100 },
});

const record = (id) => ({
  sku: `sku-${id}`,
  price: id * 1.25,
  stock: id % 7,
  active: id % 3 === 0,
  name: `Item ${id}`,
});

/** As many as make up `bytes` of JSON. */
function list(bytes, make) {
  const items = [];
  for (let size = 0; size < bytes; size += JSON.stringify(items.at(-1)).length + 1) items.push(make(items.length));
  return items;
}

export const parameters = {
  path: 'src/core/cache.ts',
  pattern: 'class \\w+',
  limit: 100,
  recursive: true,
  include: ['*.ts', '*.md'],
  exclude: null,
  options: { caseSensitive: false, context: 3, encoding: 'utf8' },
};

export const messages = (bytes) => ({ messages: list(bytes, message), model: 'm' });
export const records = (bytes) => ({ records: list(bytes, record), page: 1 });
export const numbers = (bytes) => ({ vector: list(bytes, (index) => Math.sin(index)) });

export const toolResult = {
  path: 'src/index.ts',
  found: true,
  lines: [1, 2, 3],
  text: `${SENTENCE}\n`.repeat(6),
  size: 1_024,
};
export const context = messages(7_800);

/** By their names in the table. */
export const BY_SIZE = { '600 B': toolResult, '8 KB': context, '64 KB': records(64_000) };

/** The embedding of 1,536 numbers that has this seed. */
export const embedding = (seed) => Float32Array.from({ length: 1_536 }, (_, index) => Math.sin(seed + index));

/** `count` different keys of one namespace. */
export const keysOf = (namespace, count) => Array.from({ length: count }, (_, index) => `${namespace}:item:${index}`);

/** A copy of plain data that shares nothing with it, the plain way. */
export function plainCopy(value) {
  if (Array.isArray(value)) return value.map(plainCopy);
  if (typeof value !== 'object' || value === null) return value;
  const copy = {};
  for (const name of Object.keys(value)) copy[name] = plainCopy(value[name]);
  return copy;
}
