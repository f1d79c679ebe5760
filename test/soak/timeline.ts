/** What happens at a time: a fault, from its beginning until all had time to heal; nothing; or something that is not judged. */
export interface Phase {
  readonly name: 'quiet' | 'fault' | 'apart';
  /** Which one; '' where there is none. */
  readonly fault: string;
}

export const QUIET: Phase = { name: 'quiet', fault: '' };
export const APART: Phase = { name: 'apart', fault: '' };

interface Section {
  readonly phase: Phase;
  readonly fromMs: number;
}

/** Which phase it was when. */
export class Timeline {
  private readonly sections: Section[] = [];

  begin(phase: Phase, fromMs: number): void {
    this.sections.push({ phase, fromMs });
  }

  /** Of a call: the worst that it has met. What is not judged is not judged in part, either. */
  of(fromMs: number, toMs: number): Phase {
    const met: Phase[] = [];
    for (let index = this.sections.length - 1; index >= 0; index--) {
      const section = this.sections[index] as Section;
      if (section.fromMs < toMs) met.push(section.phase);
      if (section.fromMs <= fromMs) break;
    }
    return met.find(({ name }) => name === 'apart') ?? met.find(({ name }) => name === 'fault') ?? met[0] ?? APART;
  }
}
