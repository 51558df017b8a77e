/** What is logged, as a line of JSON. An error is its message and its stack; JSON alone would write `{}`. */
export function logLine(event: object): string {
  return `${JSON.stringify(event, (_name, value: unknown) => (value instanceof Error ? told(value) : value))}\n`;
}

function told(error: Error): object {
  const { name, message, stack, cause } = error;
  const { code } = error as { code?: unknown };
  return { name, message, ...(code !== undefined && { code }), stack, ...(cause !== undefined && { cause }) };
}
