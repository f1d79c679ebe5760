import { Injectable } from '@nestjs/common';
import { Cacheable, CacheReadOnlyTool, type ToolDescriptor } from 'nestjs-agent-cache';

/** What the agent asks of the tool executor. */
export interface ToolRequest {
  readonly tool: string;
  readonly params: unknown;
  /** Given where the answer depends on it. */
  readonly env?: unknown;
  readonly run?: string;
  readonly task?: string;
}

export interface ToolAnswer {
  readonly ok: boolean;
  readonly output: unknown;
}

/** The recorded call that is under way: what its tool is, what it answers, and whether it was asked. */
@Injectable()
export class Recording {
  descriptor: ToolDescriptor | undefined;
  answer: ToolAnswer = { ok: false, output: null };
  wasPlayed = false;

  play(): ToolAnswer {
    this.wasPlayed = true;
    return this.answer;
  }
}

/** A tool executor like any other, but for answering what was recorded. */
@Injectable()
export class RecordedTools {
  constructor(private readonly recording: Recording) {}

  @CacheReadOnlyTool()
  execute(_request: ToolRequest): Promise<ToolAnswer> {
    return Promise.resolve(this.recording.play());
  }

  /** The obvious design: a tool's name, a hash of its parameters, a time to live. */
  @Cacheable({ namespace: 'obvious', ttl: '1h' })
  executeObviously(_request: ToolRequest): Promise<ToolAnswer> {
    return Promise.resolve(this.recording.play());
  }
}
