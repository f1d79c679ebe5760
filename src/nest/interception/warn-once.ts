/** Topics are few: methods times reasons. The bound holds whatever happens. */
const MAX_TOPICS = 1_000;

/** Makes a function that says a message once per topic, through `warn`. */
export function createWarnOnce(warn: (message: string) => void): (topic: string, message: string) => void {
  const topics = new Set<string>();
  return (topic, message) => {
    if (topics.has(topic) || topics.size >= MAX_TOPICS) return;
    topics.add(topic);
    warn(message);
  };
}
