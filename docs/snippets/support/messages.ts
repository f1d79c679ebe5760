const messages: { readonly taskId: string; readonly text: string }[] = [];

/** Stands for the app's own database. */
export async function findMessages(taskId: string): Promise<string[]> {
  return Promise.resolve(messages.filter((message) => message.taskId === taskId).map(({ text }) => text));
}

export async function addMessage(message: { taskId: string; text: string }): Promise<void> {
  await Promise.resolve(messages.push(message));
}
