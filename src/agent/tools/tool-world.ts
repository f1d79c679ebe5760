import type { Fork } from '../../core/ports/fork-source.js';
import type { Resource } from '../../core/policy/resource.js';
import type { FileStates, MethodServices } from '../calls/method-policy.js';
import type { ToolDescriptor } from '../descriptors/tool-descriptor.js';

/** What a tool's answer depends on, as it was when it was asked for. */
export class ToolWorld {
  private constructor(
    readonly dependsOn: readonly Resource[],
    /** What files are like; `undefined`: nobody looks at them. */
    readonly files: string | undefined,
    /** What the file system said of them before that; `null`: nothing that can be relied on. */
    private readonly times: string | null,
    private readonly services: Pick<MethodServices, 'files'>,
    /** The copy that the call works on; `undefined`: the live world. */
    private readonly fork: Fork | undefined,
  ) {}

  /** `null`: nobody can tell what the files are like. At once where nobody looks at them. */
  static seen(
    dependsOn: readonly Resource[],
    { validate = 'none' }: ToolDescriptor,
    services: Pick<MethodServices, 'files' | 'forks'>,
  ): ToolWorld | Promise<ToolWorld | null> {
    const fork = services.forks.current();
    if (validate === 'none') return new ToolWorld(dependsOn, undefined, null, services, fork);
    return look(services.files, dependsOn, 'stat').then(async (times) => {
      const files = validate === 'stat' ? times : await look(services.files, dependsOn, validate);
      return files === null ? null : new ToolWorld(dependsOn, files, times, services, fork);
    });
  }

  /** The state of the copy, as it is now; `undefined`: there is none. `null`: nobody knows it. */
  get state(): string | null | undefined {
    return this.fork?.stateOf(this.dependsOn);
  }

  /** Why an answer that was made since is not one to this world any more; `null`: it is. */
  async changeSince(state: string | null | undefined): Promise<string | null> {
    if (this.files !== undefined && !(await this.areUntouched()))
      return 'a file that it depends on changed during the load';
    return this.state === state ? null : 'what it depends on was written during the load';
  }

  /** Since before the first look: what is in a file may have been something else meanwhile, and be the same again. */
  private async areUntouched(): Promise<boolean> {
    return this.times !== null && (await look(this.services.files, this.dependsOn, 'stat')) === this.times;
  }
}

async function look(
  files: FileStates,
  resources: readonly Resource[],
  how: 'stat' | 'content',
): Promise<string | null> {
  try {
    return await files.of(resources, how);
  } catch {
    return null;
  }
}
