/** What the decorators' examples work with: stands for a database, a model and a service of somebody else. */

export interface User {
  readonly id: number;
  readonly name: string;
}

const users = new Map<number, User>();

export function findUser(id: number): Promise<User | null> {
  return Promise.resolve(users.get(id) ?? null);
}

export function saveUser(user: User): Promise<void> {
  users.set(user.id, user);
  return Promise.resolve();
}

export function embedText(text: string): Promise<Float32Array> {
  return Promise.resolve(Float32Array.of(text.length, 1));
}

export function fetchPrice(article: string): Promise<number> {
  return Promise.resolve(article.length);
}

export function summaryOf(text: string): Promise<string> {
  return Promise.resolve(text.slice(0, 40));
}
