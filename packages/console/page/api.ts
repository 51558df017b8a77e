/** Requests to the API under `/_dsql/api/`; the browser sends the cookie along. */

export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const staleMessage =
  "This page is not signed in (any more). Open the address that `npx dsql console` prints.";

async function ask<Answer>(method: string, path: string, body?: object): Promise<Answer> {
  const response = await fetch(`api/${path}`, {
    method,
    ...(body !== undefined && {
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    }),
  });
  const answer = (await response.json().catch(() => ({}))) as Answer & { error?: string };
  if (response.ok) return answer;
  throw new ApiError(
    response.status,
    response.status === 401 ? staleMessage : (answer.error ?? `the stack answered ${response.status}`),
  );
}

export const api = {
  get: <Answer>(path: string): Promise<Answer> => ask<Answer>("GET", path),
  post: <Answer>(path: string, body: object = {}): Promise<Answer> => ask<Answer>("POST", path, body),
  delete: <Answer>(path: string): Promise<Answer> => ask<Answer>("DELETE", path),
};

export function messageOf(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  if (error instanceof TypeError) return "The stack does not answer. Is it running?";
  return error instanceof Error ? error.message : String(error);
}
