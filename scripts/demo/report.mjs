import Table from 'cli-table3';
import { cachedStepTimes, quantile, readAgain } from './findings.mjs';

/** What the two backends did, side by side, and what the cache answered by category. */
export function tables(result, isMarkdown) {
  const { before, after, tasks, store, seed } = result;
  const title = `${tasks.length} tasks, seed ${seed}, the cache in ${store}`;
  return [
    title,
    table(['', 'without', 'with the cache', 'saved'], sideBySide(before, after), isMarkdown),
    table(['category', 'hits', 'misses', 'hit rate'], categories(result.metrics), isMarkdown),
    table(['read again', 'times', 'from the cache', ''], rereads(result), isMarkdown),
    `A query of the database, a local file, took ${ms(result.queryMs)} on average; an answer of the cache ${ms(quantile(cachedStepTimes(after.answers), 0.5))} (p50).`,
  ].join('\n\n');
}

/**
 * What such a cache is expected to give, each `{ isMet, isTime, text }` with what was measured. Times (`isTime`) depend on
 * what else the machine does.
 */
export function expectations({ before, after, tasks, metrics, differing, isSameAtTheEnd }) {
  const fewer = 1 - after.counts.queries / before.counts.queries;
  const again = sum(readAgain(tasks, after.answers));
  const hits = cachedStepTimes(after.answers);
  const answered = [0.5, 0.99].map((share) => quantile(hits, share));
  const { get, set } = metrics.latency;
  const count = (isMet, text) => ({ isMet, isTime: false, text });
  const time = (ofAll, mostMs, text) => ({ isMet: Math.max(...ofAll) < mostMs, isTime: true, text });
  return [
    count(fewer >= 0.6, `at least 60 % fewer database queries: ${percent(fewer)}`),
    count(
      again.hits >= 0.8 * again.again,
      `at least 80 % hits on what is read again: ${percent(again.hits / again.again)}`,
    ),
    count(differing.length === 0 && isSameAtTheEnd, `answers that differ: ${differing.length}`),
    time(answered, 10, `cached answers under 10 ms: p50 ${ms(answered[0])}, p99 ${ms(answered[1])}`),
    time(
      [get.p50Ms, get.p99Ms, set.p50Ms, set.p99Ms],
      5,
      `cache operations under 5 ms: get p50 ${ms(get.p50Ms)}, p99 ${ms(get.p99Ms)}; set p50 ${ms(set.p50Ms)}, p99 ${ms(set.p99Ms)}`,
    ),
  ];
}

/** The expectations for people, each with a mark. */
export function expectationList(expected, isMarkdown) {
  const lines = expected.map(({ isMet, isTime, text }) => {
    const note = !isMet && isTime ? ' (a busy machine may be why: not counted as a failure)' : '';
    return `${isMarkdown ? '- ' : ''}${isMet ? '✓' : '✗'} ${text}${note}`;
  });
  return lines.join('\n');
}

function sideBySide(before, after) {
  const count = (name) => [
    before.counts[name],
    after.counts[name],
    percent(1 - after.counts[name] / before.counts[name]),
  ];
  const time = (of) => [ms(of(before.ms)), ms(of(after.ms)), percent(1 - of(after.ms) / of(before.ms))];
  return [
    ['database queries', ...count('queries')],
    ['tool executions', ...count('toolExecutions')],
    ['embeddings computed', ...count('embeddingsComputed')],
    ['prompts assembled', ...count('promptsAssembled')],
    ['response time p50', ...time((all) => quantile(all, 0.5))],
    ['response time p99', ...time((all) => quantile(all, 0.99))],
    ['all responses', ...time(total)],
    ['steps the cache answered', ...answeredSteps(before.answers, after.answers)],
  ];
}

/** The same steps of both, so what they took without the cache and with it. */
function answeredSteps(before, after) {
  const answered = after.flatMap(({ steps }, task) =>
    steps.flatMap((step, index) => (step.cache_hit ? [[before[task].steps[index].ms, step.ms]] : [])),
  );
  const [without, withCache] = [0, 1].map((side) => total(answered.map((pair) => pair[side])));
  return [ms(without), ms(withCache), percent(1 - withCache / without)];
}

function categories({ categories, hits, misses, hitRate }) {
  const row = (name, counts) => [name, counts.hits, counts.misses, percent(counts.hitRate)];
  return [
    ...Object.entries(categories).map(([name, counts]) => row(name, counts)),
    row('all', { hits, misses, hitRate }),
  ];
}

function rereads({ tasks, after }) {
  const byKind = readAgain(tasks, after.answers);
  const row = (name, { again, hits }) => [name, again, hits, again > 0 ? percent(hits / again) : ''];
  return [...[...byKind].map(([kind, counts]) => row(kind, counts)), row('all', sum(byKind))];
}

function sum(byKind) {
  const all = [...byKind.values()];
  return { again: all.reduce((n, kind) => n + kind.again, 0), hits: all.reduce((n, kind) => n + kind.hits, 0) };
}

function table(head, rows, isMarkdown) {
  if (isMarkdown) {
    const line = (cells) => `| ${cells.join(' | ')} |`;
    return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
  }
  const drawn = new Table({
    head,
    colAligns: head.map((_, index) => (index === 0 ? 'left' : 'right')),
    style: { head: [], border: [] },
  });
  drawn.push(...rows);
  return drawn.toString();
}

const total = (values) => values.reduce((a, b) => a + b, 0);
const percent = (share) => `${(share * 100).toFixed(1)} %`;
const ms = (value) => `${value.toFixed(value < 10 ? 2 : 0)} ms`;
