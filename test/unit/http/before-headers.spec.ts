import { describe, expect, it } from '@jest/globals';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeHeaders, rawResponseOf } from '../../../src/nest/http/before-headers.js';

/** What a client of Node's own server gets when `handle` answers. */
async function responseTo(handle: (response: ServerResponse) => void): Promise<IncomingMessage & { text: string }> {
  const server = createServer((_request, response) => handle(response)).listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  const { port } = server.address() as AddressInfo;
  try {
    return await new Promise((done, failed) => {
      const request = get({ port, host: '127.0.0.1', agent: false }, (incoming) => {
        let text = '';
        incoming.on('data', (chunk: Buffer) => (text += chunk.toString()));
        incoming.on('end', () => done(Object.assign(incoming, { text })));
      });
      request.on('error', failed);
    });
  } finally {
    server.close();
  }
}

const mark = (response: ServerResponse): void => beforeHeaders(response, () => response.setHeader('x-mark', 'set'));

describe('beforeHeaders', () => {
  it.each<[string, (response: ServerResponse) => void]>([
    ['end', (response) => response.end('body')],
    ['write and end', (response) => (response.write('bo'), response.end('dy'))],
    ['writeHead with an object', (response) => response.writeHead(200, { 'x-own': '1' }).end('body')],
    ['writeHead with a message', (response) => response.writeHead(200, 'Fine', { 'x-own': '1' }).end('body')],
    ['writeHead with an array', (response) => response.writeHead(200, ['x-own', '1']).end('body')],
    ['flushHeaders', (response) => (response.flushHeaders(), response.end('body'))],
  ])('sets headers of a response sent by %s', async (_, send) => {
    const response = await responseTo((raw) => {
      mark(raw);
      send(raw);
    });
    expect(response.headers['x-mark']).toBe('set');
    expect(response.text).toBe('body');
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['an object', (response) => response.writeHead(201, { 'X-Mark': 'own', 'set-cookie': ['a=1', 'b=2'], etag: '5' })],
    [
      'a message and an object',
      (response) => response.writeHead(201, 'Fine', { 'X-Mark': 'own', 'set-cookie': ['a=1', 'b=2'], etag: '5' }),
    ],
    [
      'names and values in turn',
      (response) =>
        response.writeHead(201, ['X-Mark', 'own', 'set-cookie', 'a=1', 'set-cookie', 'b=2', 'etag', '5'] as never),
    ],
    [
      'pairs',
      (response) =>
        response.writeHead(201, [
          ['X-Mark', 'own'],
          ['set-cookie', 'a=1'],
          ['set-cookie', 'b=2'],
          ['etag', '5'],
        ] as never),
    ],
  ])('finds the headers that writeHead was given as %s', async (_, send) => {
    const response = await responseTo((raw) => {
      raw.setHeader('etag', 'before');
      beforeHeaders(raw, () => raw.setHeader('x-mark', `${String(raw.getHeader('x-mark'))}, set`));
      send(raw);
      raw.end('body');
    });
    expect(response.statusCode).toBe(201);
    expect(response.headers).toMatchObject({ 'x-mark': 'own, set', 'set-cookie': ['a=1', 'b=2'], etag: '5' });
    expect(response.text).toBe('body');
  });

  it('keeps the message of the status', async () => {
    const response = await responseTo((raw) => {
      mark(raw);
      raw.writeHead(200, 'Fine').end();
    });
    expect(response.statusMessage).toBe('Fine');
  });

  it('sets them on the answer that is given after headers were refused', async () => {
    const response = await responseTo((raw) => {
      mark(raw);
      try {
        raw.writeHead(200, { 'x-bad': 'line\nbreak' });
      } catch {
        raw.writeHead(500).end('refused');
      }
    });
    expect([response.statusCode, response.headers['x-mark'], response.text]).toEqual([500, 'set', 'refused']);
  });

  it('sets them as late as possible, and once', async () => {
    const calls: string[] = [];
    let state = 'before sending';
    await responseTo((raw) => {
      beforeHeaders(raw, () => calls.push(state));
      state = 'while sending';
      raw.write('a');
      raw.end('b');
    });
    expect(calls).toEqual(['while sending']);
  });

  it('sends the response when setting throws', async () => {
    const response = await responseTo((raw) => {
      beforeHeaders(raw, () => raw.setHeader('x-bad', 'line\nbreak'));
      raw.end('body');
    });
    expect(response.text).toBe('body');
  });

  it('does nothing once the headers are out', async () => {
    const response = await responseTo((raw) => {
      raw.flushHeaders();
      mark(raw);
      raw.end('body');
    });
    expect(response.headers['x-mark']).toBeUndefined();
    expect(response.text).toBe('body');
  });
});

describe('rawResponseOf', () => {
  it('finds the response of Express, and that which Fastify wraps', () => {
    const response = { writeHead: () => undefined, setHeader: () => undefined };
    expect(rawResponseOf(response)).toBe(response);
    expect(rawResponseOf({ raw: response })).toBe(response);
  });

  it.each([undefined, null, 5, 'text', {}, { raw: null }, { writeHead: 5 }])('finds none in %j', (response) => {
    expect(rawResponseOf(response)).toBeNull();
  });
});
