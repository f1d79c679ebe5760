/**
 * Whether two values are the same for a key: equal in type and content, whatever the order of properties, Map entries
 * and Set items; a property that is `undefined` counts as absent. Written without regard to how keys are made, so that
 * it can judge them.
 */
export function isSameValue(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (typeOf(one) !== typeOf(other)) return false;
  if (one instanceof Date) return Object.is(one.getTime(), (other as Date).getTime());
  if (one instanceof Set) return isSameBag([...one], [...(other as Set<unknown>)]);
  if (one instanceof Map) return isSameBag([...one], [...(other as Map<unknown, unknown>)]);
  if (ArrayBuffer.isView(one)) return isSameList(elementsOf(one), elementsOf(other as ArrayBufferView));
  if (one instanceof ArrayBuffer)
    return isSameList(elementsOf(Buffer.from(one)), elementsOf(Buffer.from(other as ArrayBuffer)));
  if (Array.isArray(one)) return isSameArray(one, other as unknown[]);
  return isSameObject(one as Record<string, unknown>, other as Record<string, unknown>);
}

const elementsOf = (view: ArrayBufferView): unknown[] => Array.from(view as unknown as ArrayLike<unknown>);

function typeOf(value: object): string {
  const prototype = Object.getPrototypeOf(value) as { constructor: { name: string } } | null;
  return prototype === null ? 'Object' : prototype.constructor.name;
}

const isSameList = (one: readonly unknown[], other: readonly unknown[]): boolean =>
  one.length === other.length && one.every((item, index) => isSameValue(item, other[index]));

function isSameArray(one: readonly unknown[], other: readonly unknown[]): boolean {
  const isSameItem = (_: unknown, index: number): boolean =>
    index in one === index in other && isSameValue(one[index], other[index]);
  return one.length === other.length && Array.from(one).every(isSameItem);
}

function isSameBag(one: readonly unknown[], other: readonly unknown[]): boolean {
  const left = [...other];
  return (
    one.length === other.length &&
    one.every((item) => {
      const found = left.findIndex((candidate) => isSameValue(item, candidate));
      if (found >= 0) left.splice(found, 1);
      return found >= 0;
    })
  );
}

function isSameObject(one: Record<string, unknown>, other: Record<string, unknown>): boolean {
  const json = (one as { toJSON?: () => unknown }).toJSON;
  if (typeof json === 'function')
    return isSameValue(json.call(one), (other as unknown as { toJSON(): unknown }).toJSON());
  const names = (object: Record<string, unknown>): string[] =>
    Object.keys(object).filter((name) => object[name] !== undefined);
  const [ours, theirs] = [names(one), names(other)];
  return (
    ours.length === theirs.length &&
    ours.every((name) => Object.hasOwn(other, name) && isSameValue(one[name], other[name]))
  );
}
