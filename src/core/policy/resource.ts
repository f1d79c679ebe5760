/** Something in the world that an answer depends on and a tool may change. */
export interface Resource {
  /** A word of your own, such as `ticket`. */
  readonly type: string;
  /** Which of them. */
  readonly id: string;
}

/** One thing of a type, e.g. `resource('ticket', '4711')`. */
export const resource = (type: string, id: string): Resource => ({ type, id });

/** All resources there are: invalidating it makes every result unusable that depends on any resource. */
export const everything = (): Resource => ({ type: '*', id: '*' });
