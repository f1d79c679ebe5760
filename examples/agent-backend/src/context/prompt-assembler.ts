import { Injectable } from '@nestjs/common';
import { CachePrompt } from 'nestjs-agent-cache';
import { Counters } from '../health/counters.js';
import type { Message } from './message.js';

const MAX_CONVERSATION_CHARACTERS = 12_000;
const MAX_RESULT_CHARACTERS = 2_000;

/** All that goes into a prompt. */
export interface PromptParts {
  readonly messages: readonly Message[];
  /** Notes that have to do with the message. */
  readonly notes: readonly string[];
  readonly tools: readonly { readonly name: string; readonly description: string }[];
  /** What the tools of this turn answered, as text. */
  readonly results: readonly string[];
}

/** Puts together the text that a model would be given. */
@Injectable()
export class PromptAssembler {
  constructor(private readonly counters: Counters) {}

  /** Of a long conversation the last 12,000 characters are kept, of each answer of a tool the first 2,000. */
  @CachePrompt()
  async assemble({ messages, notes, tools, results }: PromptParts): Promise<{ text: string }> {
    this.counters.promptsAssembled++;
    const [system, ...conversation] = messages;
    const said = conversation.map(({ role, content }) => `${role}: ${content}`).join('\n\n');
    const sections = [
      system?.content ?? '',
      section(
        'Tools',
        tools.map(({ name, description }) => `- ${name}: ${description}`),
      ),
      section(
        'What is known about the user',
        notes.map((note) => `- ${note}`),
      ),
      said.slice(-MAX_CONVERSATION_CHARACTERS),
      section(
        'What the tools answered',
        results.map((result) => result.slice(0, MAX_RESULT_CHARACTERS)),
      ),
    ];
    return Promise.resolve({ text: sections.filter((part) => part !== '').join('\n\n') });
  }
}

function section(title: string, lines: readonly string[]): string {
  return lines.length > 0 ? `${title}:\n${lines.join('\n')}` : '';
}
