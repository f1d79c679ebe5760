import { createServer } from 'node:net';

/** Why nothing can listen there, in one line; `null`: it is free. */
export function problemWithPort(port: string, host: string): Promise<string | null> {
  const number = Number(port);
  if (!Number.isInteger(number) || number < 1 || number > 65_535) {
    return Promise.resolve(`PORT is '${port}': expected a number from 1 to 65535.`);
  }
  return new Promise((resolve) => {
    const probe = createServer()
      .once('error', ({ message }) =>
        resolve(
          `Port ${port} cannot be used (${message}): stop what listens there, or set PORT, or HOST, to another one.`,
        ),
      )
      .listen(number, host, () => probe.close(() => resolve(null)));
  });
}
