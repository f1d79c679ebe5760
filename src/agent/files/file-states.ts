import { digest } from '../../core/key/digest.js';
import type { Clock } from '../../core/ports/clock.js';
import type { Resource } from '../../core/policy/resource.js';
import type { FileStates } from '../calls/method-policy.js';
import { Lanes } from './lanes.js';
import { fileState, treeState } from './states.js';
import { Survey, type SurveyLimits } from './survey.js';

/** Questions to the file system under way: the threads of the process are for others, too. */
const AT_ONCE = 8;
/** What needs more than this to be looked at is not known. */
const LIMITS: SurveyLimits = { entries: 10_000, bytes: 64 * 1_024 * 1_024 };

/**
 * Looks at files and folders of this machine. Relative paths begin at the working folder of the process.
 *
 * `'stat'`: what changes with a file, and every link on the way to it. No change leaves the time of the last change of state
 * (ctime) as it was, and a time so young that the next change could be given the same one is not trusted. So between two equal
 * texts nothing changed, from the first look until the second one began: an answer that was made between them is that of this
 * state, and one that is found under the second text was right when that look began.
 *
 * `'content'`: what is in the files, whatever their times. What changes and changes back between two looks is not seen.
 */
export class LocalFileStates implements FileStates {
  private readonly lanes = new Lanes(AT_ONCE);

  constructor(
    private readonly clock: Pick<Clock, 'now'>,
    private readonly limits: SurveyLimits = LIMITS,
  ) {}

  async of(resources: readonly Resource[], how: 'stat' | 'content'): Promise<string | null> {
    // The clock is read before the first look: what is settled by then cannot change unseen from then on.
    const survey = new Survey(this.lanes, how, this.clock.now(), this.limits);
    try {
      const states = await Promise.all(resources.map((resource) => stateOf(survey, resource)));
      return digest(JSON.stringify([how, ...states]));
    } catch {
      survey.end();
      return null;
    }
  }
}

async function stateOf(survey: Survey, { type, id }: Resource): Promise<string> {
  switch (type) {
    case 'file':
      return fileState(survey, id);
    case 'tree':
      return treeState(survey, id);
    case '*':
      throw new Error('nobody can look at everything');
    default:
      return '';
  }
}
