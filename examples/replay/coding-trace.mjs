import { mkdtempSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/**
 * Writes coding.trace.jsonl: what the file tools of a coding agent really answer, each run on a fresh copy of one small
 * project. No model chose the calls; they are the steps below, and every second run takes some of them twice.
 */
const PROJECT = {
  'README.md': 'A cart.\n',
  'src/README.md': 'The sources.\n',
  'src/cart.mjs': 'const total = (items) => items.reduce((sum, item) => sum - item.price, 0);\n',
  'src/price.mjs': 'const net = (gross) => gross / 1.19;\n',
};

const TASKS = {
  'fix the total': [
    ['list_files', { folder: '.' }],
    ['read_file', { path: 'src/cart.mjs' }],
    ['run_tests', {}],
    ['replace', { path: 'src/cart.mjs', from: 'sum - item', to: 'sum + item' }],
    ['read_file', { path: 'src/cart.mjs' }],
    ['run_tests', {}],
  ],
  'rename net': [
    ['search', { text: 'net' }],
    ['read_file', { path: 'src/price.mjs' }],
    ['replace', { path: 'src/price.mjs', from: 'net', to: 'netOf' }],
    ['search', { text: 'net' }],
    ['run_tests', {}],
  ],
  'write a license': [
    ['read_file', { path: 'README.md' }],
    ['change_folder', { to: 'src' }],
    ['read_file', { path: 'README.md' }],
    ['list_files', { folder: '.' }],
    ['change_folder', { to: '.' }],
    ['list_files', { folder: '.' }],
    ['write_file', { path: 'LICENSE', content: 'MIT\n' }],
    ['list_files', { folder: '.' }],
    ['read_file', { path: 'README.md' }],
  ],
};
const RUNS_PER_TASK = 4;

class Project {
  folder = mkdtempSync(join(tmpdir(), 'coding-'));
  cwd = '.';

  constructor() {
    for (const [path, content] of Object.entries(PROJECT)) this.write(path, content);
  }

  at = (path) => join(this.folder, this.cwd, path);
  read_file = ({ path }) => readFileSync(this.at(path), 'utf8');
  list_files = ({ folder }) => readdirSync(this.at(folder)).sort();
  search = ({ text }) => Object.keys(PROJECT).filter((path) => this.text(path).includes(text));
  run_tests = () => (this.text('src/cart.mjs').includes('sum + item.price') ? '1 passed' : '1 failed');
  change_folder = ({ to }) => (this.cwd = to);
  write_file = ({ path, content }) => this.write(join(this.cwd, path), content);
  replace = ({ path, from, to }) => this.write(join(this.cwd, path), this.read_file({ path }).replace(from, to));

  text = (path) => readFileSync(join(this.folder, path), 'utf8');

  write(path, content) {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), content);
    return 'written';
  }
}

function record(run, task, steps) {
  const project = new Project();
  try {
    return steps.map(([tool, args], seq) => {
      const env = { cwd: project.cwd };
      return { run, task, seq, tool, args, env, ok: true, output: project[tool](args) };
    });
  } finally {
    rmSync(project.folder, { recursive: true });
  }
}

export function codingTrace() {
  return Object.entries(TASKS).flatMap(([task, steps]) =>
    Array.from({ length: RUNS_PER_TASK }, (_, index) => {
      const isRead = ([tool]) => ['read_file', 'list_files', 'search', 'run_tests'].includes(tool);
      const taken = index % 2 === 0 ? steps : steps.flatMap((step) => (isRead(step) ? [step, step] : [step]));
      return record(`${task} ${index + 1}`, task, taken);
    }).flat(),
  );
}

if (process.argv[1] === import.meta.filename) {
  const lines = codingTrace().map((call) => `${JSON.stringify(call)}\n`);
  writeFileSync(join(import.meta.dirname, 'coding.trace.jsonl'), lines.join(''));
}
