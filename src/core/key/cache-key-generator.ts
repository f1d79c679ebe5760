/** Skeleton: signatures only. */
export class CacheKeyGenerator {
  contextKey(_taskId: string, _turn: number | string): string {
    throw new Error('not built yet');
  }
  embeddingKey(_text: string, _of: { model: string; role?: string; dimensions?: number }): string {
    throw new Error('not built yet');
  }
  toolKey(_tool: string, _params: unknown, _of: { version?: string; vary?: unknown } = {}): string {
    throw new Error('not built yet');
  }
  promptKey(_context: unknown, _of: { template?: unknown; tools?: unknown; model?: string } = {}): string {
    throw new Error('not built yet');
  }
  key(_namespace: string, ..._parts: unknown[]): string {
    throw new Error('not built yet');
  }
  hash(_value: unknown, _length = 64): string {
    throw new Error('not built yet');
  }
}
