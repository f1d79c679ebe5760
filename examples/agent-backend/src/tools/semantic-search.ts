import { Injectable } from '@nestjs/common';
import { cosine } from '../embeddings/cosine.js';
import { EmbeddingError } from '../embeddings/embedding-error.js';
import { Embedder } from '../embeddings/embedder.js';
import { integer, text } from './input-schema.js';
import { type Passage, passagesOf } from './passages.js';
import { existingFolder } from './read-tools.js';
import { TextFiles } from './text-files.js';
import { defineTool, type Tool } from './tool.js';
import { ToolError } from './tool-error.js';
import { Workspace } from './workspace.js';

const MAX_FILES = 500;
const MAX_PASSAGES = 2_000;
const MAX_SHOWN_CHARACTERS = 400;

/** `semantic_search`: the passages of the workspace's files that are nearest to a question. */
@Injectable()
export class SemanticSearch {
  constructor(
    private readonly workspace: Workspace,
    private readonly embedder: Embedder,
  ) {}

  tool(): Tool {
    return defineTool({
      name: 'semantic_search',
      description: 'Finds passages about something, also in other words',
      permissionTier: 'READ_ONLY',
      input: {
        query: text('What the passages should be about', { maxLength: 500 }),
        path: text('Folder to look in, relative to the workspace', { fallback: '.' }),
        limit: integer('How many passages', { min: 1, max: 20, fallback: 5 }),
      },
      run: async ({ query, path, limit }) => {
        const { passages, isComplete } = await this.passages(await existingFolder(this.workspace, path));
        return { query, passages: await this.nearest(query, passages, limit), is_complete: isComplete };
      },
    });
  }

  private async nearest(query: string, passages: readonly Passage[], limit: number): Promise<object[]> {
    const texts = [query, ...passages.map((passage) => passage.text)];
    const [wanted, ...vectors] = await this.embedder.embed(texts).catch((cause: unknown) => {
      throw cause instanceof EmbeddingError ? new ToolError('FAILED', cause.message, { cause }) : cause;
    });
    return passages
      .map((passage, index) => ({ passage, score: cosine(wanted!, vectors[index]!) }))
      .sort((a, b) => b.score - a.score)
      .slice(0, limit)
      .map(({ passage, score }) => ({
        path: passage.path,
        line: passage.line,
        score: Math.round(score * 10_000) / 10_000,
        text: passage.text.slice(0, MAX_SHOWN_CHARACTERS),
      }));
  }

  private async passages(folder: string): Promise<{ passages: Passage[]; isComplete: boolean }> {
    const passages: Passage[] = [];
    const files = new TextFiles(MAX_FILES);
    for await (const { place, content } of files.of(folder)) {
      passages.push(...passagesOf(this.workspace.nameOf(place), content ?? ''));
      if (passages.length > MAX_PASSAGES) break;
    }
    return {
      passages: passages.slice(0, MAX_PASSAGES),
      isComplete: files.isComplete && passages.length <= MAX_PASSAGES,
    };
  }
}
