import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EmbeddingSettings } from '../../examples/agent-backend/src/settings.js';

interface EmbeddingRequest {
  readonly model: string;
  readonly input: readonly string[];
}

/** An OpenAI-compatible embedding endpoint that answers as it is told, and remembers what it was asked. */
export class EmbeddingEndpoint {
  status = 200;
  /** Answers nothing from now on. */
  hangs = false;
  answer: (request: EmbeddingRequest) => unknown = ({ input }) => ({
    data: input.map((_, index) => ({ index, embedding: [1, index] })),
  });
  readonly requests: { readonly body: EmbeddingRequest; readonly authorization: string | undefined }[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<EmbeddingEndpoint> {
    const endpoint: EmbeddingEndpoint = new EmbeddingEndpoint(
      createServer((incoming, outgoing) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('end', () => {
          const body = JSON.parse(Buffer.concat(chunks).toString()) as EmbeddingRequest;
          endpoint.requests.push({ body, authorization: incoming.headers.authorization });
          if (endpoint.hangs) return;
          outgoing.writeHead(endpoint.status, { 'content-type': 'application/json' });
          outgoing.end(JSON.stringify(endpoint.answer(body)));
        });
      }),
    );
    await once(endpoint.server.listen(0, '127.0.0.1'), 'listening');
    return endpoint;
  }

  get settings(): EmbeddingSettings {
    const { port } = this.server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}/v1/embeddings`, model: 'test-model', apiKey: 'k' };
  }

  /** May be called twice. */
  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((closed) => this.server.close(() => closed()));
  }
}
