/** The daemon answered with an error; `code` is the wire's. */
export class MlError extends Error {
  override readonly name = 'MlError';

  constructor(
    readonly code: string,
    message: string,
    readonly retryable: boolean,
    readonly retryAfterMs?: number,
  ) {
    super(`${code}: ${message}`);
  }
}

/** The daemon cannot be reached, or the connection broke before it answered. */
export class MlConnectionError extends Error {
  override readonly name = 'MlConnectionError';

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
  }
}
