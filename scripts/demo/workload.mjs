/** Random numbers from 0 to 1 that a seed repeats (mulberry32). */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const FOLDERS = ['.', 'docs', 'src', 'src/core', 'src/nest', 'examples', 'rxjs'];
const READ_WITH_CARE = ['docs', 'src/core'];
const WORDS = [
  'timeout',
  'export class',
  'duration',
  'snapshot',
  'invalidate',
  'Promise<boolean>',
  'bypass',
  'breaker',
];
const QUESTIONS = [
  'why a result is not stored',
  'what happens when the server does not answer',
  'how long an entry lives',
  'which tools may be cached',
  'how keys are made',
];
const DISTINCT_JOBS = 24;
const SHARE_OF_WRITES = 0.04;
const SHARE_OF_NEW_READS = 0.06;
const SHARE_OF_FOLLOW_UPS = 0.4;

/**
 * Tasks as a team gives them to one agent: a few jobs come again and again and most come seldom (Zipf), some tasks go on
 * in the same conversation, some read what nobody read before, and one in twenty-five changes a file that is then read.
 *
 * Each is `{ conversation, message, toolCalls }`; tasks with an equal `conversation` continue one another.
 */
export function tasksFrom(seed, count, files) {
  const random = randomFrom(seed);
  const pick = (items) => items[Math.floor(random() * items.length)];
  const often = (items) => items[Math.floor((items.length + 1) ** random()) - 1];
  const hotFiles = Array.from({ length: 24 }, () => pick(files));
  const jobs = Array.from({ length: DISTINCT_JOBS }, (_, index) => job(index, { random, pick, often, hotFiles }));

  const tasks = [];
  for (let index = 0; index < count; index++) {
    const follows = index > 0 && random() < SHARE_OF_FOLLOW_UPS;
    const conversation = follows ? tasks[Math.max(0, index - 1 - Math.floor(random() * 5))].conversation : index;
    const kind = random();
    if (kind < SHARE_OF_WRITES) tasks.push({ conversation, ...change(index, pick(hotFiles), pick) });
    else if (kind < SHARE_OF_WRITES + SHARE_OF_NEW_READS)
      tasks.push({
        conversation,
        message: `Look at number ${index}`,
        toolCalls: [read(pick(files)), read(pick(files))],
      });
    else tasks.push({ conversation, ...often(jobs) });
  }
  return tasks;
}

const read = (path) => ({ tool: 'read_file', params: { path } });

function job(index, { random, pick, often, hotFiles }) {
  const toolCalls = [{ tool: 'list_directory', params: { path: pick(FOLDERS) } }];
  const searches = random();
  if (searches < 0.45) toolCalls.push({ tool: 'search_files', params: { query: pick(WORDS), path: pick(FOLDERS) } });
  else if (searches < 0.75)
    toolCalls.push({ tool: 'semantic_search', params: { query: pick(QUESTIONS), path: pick(READ_WITH_CARE) } });
  const reads = 1 + Math.floor(random() * 3);
  for (let i = 0; i < reads; i++) toolCalls.push(read(often(hotFiles)));
  if (random() < 0.3) toolCalls.push({ tool: 'file_info', params: { path: often(hotFiles) } });
  return {
    message: `Job ${index}: ${toolCalls.map(({ tool, params }) => `${tool} ${Object.values(params)[0]}`).join(', ')}`,
    toolCalls,
  };
}

function change(index, file, pick) {
  const path = pick([file, 'notes/decisions.md', 'notes/open-questions.md']);
  const toolCalls = [
    { tool: 'append_file', params: { path, content: `\nNoted in task ${index}: ${pick(QUESTIONS)}.\n` } },
    read(path),
    { tool: 'list_directory', params: { path: 'notes' } },
  ];
  return { message: `Write down number ${index}`, toolCalls };
}
