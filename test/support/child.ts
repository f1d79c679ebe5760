import { type ChildProcess, fork } from 'node:child_process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ChildAnswer, ChildRequest } from './child-side.js';

const TYPESCRIPT = pathToFileURL(resolve(import.meta.dirname, 'typescript.mjs')).href;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** How a process ended: its exit code, or the signal. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** All that it wrote. */
  readonly output: string;
}

/** A process of its own that runs a TypeScript file of the tests, which answers requests with `serve()`. */
export class Child {
  /** Resolves once it has ended, however. */
  readonly ended: Promise<ChildEnd>;
  private readonly waiting = new Map<number, Waiting>();
  private requestCount = 0;

  private constructor(private readonly child: ChildProcess) {
    let output = '';
    const collect = (piece: Buffer) => void (output += piece.toString());
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    child.on('message', (answer: ChildAnswer) => this.settle(answer));
    child.on('disconnect', () => this.rejectAll('it has closed its channel'));
    this.ended = new Promise((resolve) =>
      child.on('close', (code, signal) => {
        this.rejectAll(`it has ended: ${signal ?? code}\n${output}`);
        resolve({ code, signal, output });
      }),
    );
  }

  /**
   * Resolves when it answers. `nodeOptions`: such as `--expose-gc`. `limit`: a command of the shell before it, such as
   * `ulimit -n 256`.
   */
  static async start(file: string, nodeOptions: readonly string[] = [], limit?: string): Promise<Child> {
    const options = ['--import', TYPESCRIPT, '--disable-warning=ExperimentalWarning', ...nodeOptions];
    const throughShell = ['-c', `${limit} && exec "$0" "$@"`, process.execPath, ...options];
    const child = new Child(
      fork(file, {
        ...(limit === undefined ? { execArgv: options } : { execPath: '/bin/sh', execArgv: throughShell }),
        serialization: 'advanced',
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      }),
    );
    await child.request('ping');
    return child;
  }

  /** Rejects with what the process threw, or when it ends before it has answered. */
  request<T = unknown>(name: string, argument?: unknown): Promise<T> {
    const id = ++this.requestCount;
    const answer = new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
    const request: ChildRequest = { id, name, argument };
    this.child.send(request, (error) => error && this.settle({ id, error: String(error) }));
    return answer as Promise<T>;
  }

  /** As from outside, e.g. `SIGTERM`. */
  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** SIGKILL, as a crash. Resolves when it is gone. May be called twice. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  private settle(answer: ChildAnswer): void {
    const waiting = this.waiting.get(answer.id);
    this.waiting.delete(answer.id);
    if (answer.error !== undefined) waiting?.reject(new Error(answer.error));
    else waiting?.resolve(answer.value);
  }

  private rejectAll(why: string): void {
    for (const id of [...this.waiting.keys()]) this.settle({ id, error: `no answer of a process: ${why}` });
  }
}
