/**
 * Which room may import what; checked by `npm run layout` and so by `npm test`.
 * A room is a folder of src/. `only(...)` lists all that a room may import besides itself; type imports count too.
 */

/** A package of that name, found or not. */
const library = (name) => `(^|node_modules/)${name}(/|$)`;
/** A built-in module of Node, with or without its `node:`. */
const builtin = (name) => `^(node:)?${name}$`;
const room = (name) => `^src/${name}/`;

const NEST = '(^|node_modules/)@nestjs/';
const PORTS = room('core/ports');
const ERRORS = '^src/core/errors\\.ts$';
const EVENTS = '^src/core/events\\.ts$';
const ENTRY = '^src/core/entry\\.ts$';
const OPTIONS = '^src/core/policy/options\\.ts$';
const REDIS_ADDRESS = '^src/core/policy/redis-address\\.ts$';
const GLOB = '^src/core/glob\\.ts$';

/** What users import. */
const ENTRIES = '^src/(index|core|http|testing)\\.ts$';

/** Rooms of the core in the order in which they know of each other: each may use those before it. */
const CORE_ORDER = ['versions', 'under-way', 'invalidation', 'reading', 'writing', 'loading'];
/** The same for the tier on Redis. */
const REDIS_ORDER = ['scripts', 'clients', 'cluster', 'commands', 'connections', 'guard', 'entries', 'tracking'];

const oneWay = (prefix, folder, order) =>
  order.slice(0, -1).map((name, index) => ({
    name: `${prefix}-${name}-knows-nothing-above`,
    comment: `What a call does goes one way: ${order.join(' ← ')}.`,
    severity: 'error',
    from: { path: room(`${folder}/${name}`) },
    to: { path: order.slice(index + 1).map((above) => room(`${folder}/${above}`)) },
  }));

/** What every decorated method has, and what only methods of one kind have. A prompt is a value of its kind. */
const OF_ALL_METHODS = ['options', 'descriptors', 'streams', 'calls'];
const KINDS_OF_METHODS = ['contexts', 'embeddings', 'prompts', 'tools', 'values'];
const kindRoom = (name) => room(`agent/${name}`);
const kindsApart = [
  {
    name: 'agent-calls-know-no-kind',
    comment: 'What holds for every method knows nothing of contexts, embeddings, prompts, tools and values.',
    severity: 'error',
    from: { path: OF_ALL_METHODS.map(kindRoom) },
    to: { path: KINDS_OF_METHODS.map(kindRoom) },
  },
  {
    name: 'agent-kinds-know-no-other',
    comment: 'Each kind of method is a room of its own.',
    severity: 'error',
    from: { path: `^src/agent/(${KINDS_OF_METHODS.join('|')})/` },
    to: { path: KINDS_OF_METHODS.map(kindRoom), pathNot: ['^src/agent/$1/', kindRoom('values')] },
  },
];

const only = (name, comment, ...allowed) => ({
  name: `${name}-imports`,
  comment,
  severity: 'error',
  from: { path: room(name) },
  to: { pathNot: [room(name), ...allowed] },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...oneWay('core', 'core', CORE_ORDER),
    ...oneWay('redis', 'tiers/redis', REDIS_ORDER),
    ...kindsApart,
    only(
      'core',
      'The core knows neither Nest nor Redis nor the machine: a clock, a store and an event sink are given to it.',
      builtin('crypto'),
    ),
    only(
      'agent',
      'What a tool is needs the core and the file system.',
      room('core'),
      builtin('crypto'),
      builtin('fs(/promises)?'),
      builtin('path'),
    ),
    only(
      'tiers',
      'A tier is a store: it knows ports, resilience, errors and events; policies and codecs are not its business.',
      PORTS,
      room('core/resilience'),
      ERRORS,
      EVENTS,
      ENTRY,
      OPTIONS,
      REDIS_ADDRESS,
      GLOB,
      library('ioredis'),
      library('lru-cache'),
      builtin('module'),
    ),
    only(
      'codec',
      'A codec turns values into bytes: no tiers, no I/O.',
      PORTS,
      ERRORS,
      ENTRY,
      OPTIONS,
      builtin('buffer'),
      builtin('crypto'),
      builtin('util'),
      builtin('zlib'),
    ),
    only('observability', 'Observing never calls the cache: events and ports are enough.', PORTS, EVENTS),
    only(
      'testing',
      'What users test with: a fake Redis, which is the store in memory behind faults, and the whole cache over it.',
      PORTS,
      ERRORS,
      EVENTS,
      OPTIONS,
      '^src/core/policy/resolve-options\\.ts$',
      room('core/resilience'),
      room('tiers/memory'),
      room('composition'),
      builtin('assert(/strict)?'),
    ),
    only(
      'composition',
      'Wiring without a framework.',
      room('core'),
      room('tiers'),
      room('codec'),
      room('observability'),
      room('agent'),
      builtin('async_hooks'),
    ),
    {
      name: 'composition-is-imported-by-roots-only',
      comment: 'Objects are wired at the entry points, in the Nest glue and for the caches of tests, nowhere else.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: [room('composition'), room('nest'), room('testing'), '^src/(core|index|testing)\\.ts$'],
      },
      to: { path: room('composition') },
    },
    {
      name: 'tiers-do-not-import-each-other',
      severity: 'error',
      from: { path: '^src/tiers/([^/]+)/' },
      to: { path: '^src/tiers/[^/]+/', pathNot: '^src/tiers/$1/' },
    },
    {
      name: 'ioredis-only-in-its-tier',
      comment: 'It is an optional peer: everything else must work where it is not installed.',
      severity: 'error',
      from: { path: '^src/', pathNot: room('tiers/redis') },
      to: { path: library('ioredis') },
    },
    {
      name: 'nest-only-in-the-glue',
      severity: 'error',
      from: { path: '^src/', pathNot: [room('nest'), '^src/(index|http)\\.ts$'] },
      to: { path: [NEST, room('nest')] },
    },
    {
      name: 'core-entry-reaches-no-nest',
      comment: 'nestjs-agent-cache/core runs where Nest is not installed.',
      severity: 'error',
      from: { path: '^src/core\\.ts$' },
      to: { path: [NEST, room('nest')], reachable: true },
    },
    {
      name: 'testing-is-not-shipped-code',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/testing(/|\\.ts$)' },
      to: { path: '^src/testing(/|\\.ts$)' },
    },
    {
      name: 'shipped-code-imports-no-project-folder',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|examples|bench|scripts|docs|dist)/' },
    },
    {
      name: 'shipped-code-uses-shipped-dependencies',
      comment: 'A development dependency is not there for users.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['npm', 'npm-peer'] },
    },
    {
      name: 'examples-use-the-package-by-name',
      severity: 'error',
      from: { path: '^examples/' },
      to: { path: '^(src|dist|test|bench|scripts)/', dependencyTypesNot: ['aliased', 'aliased-tsconfig', 'npm'] },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-dead-modules',
      comment: 'No entry point leads to it.',
      severity: 'error',
      from: { path: ENTRIES },
      to: { path: '^src/', pathNot: ENTRIES, reachable: false },
    },
    { name: 'no-unresolved-imports', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^(dist|test|bench|docs|scripts)/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
