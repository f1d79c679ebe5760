import { readFile, writeFile } from 'node:fs/promises';

export interface ToolCall {
  readonly tool: string;
  readonly params: { readonly path: string; readonly text?: string };
}

/** Stands for the app's own tools. */
export async function runTool({ tool, params }: ToolCall): Promise<{ text: string }> {
  if (tool === 'write_file') await writeFile(params.path, params.text ?? '');
  return { text: await readFile(params.path, 'utf8') };
}
