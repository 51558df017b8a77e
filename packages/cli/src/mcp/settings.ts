/** What the person who starts the server decides, and its clients cannot change. */
export interface McpSettings {
  readonly allowWrites: boolean;
  readonly allowDdl: boolean;
  /** Of one result. */
  readonly rowsMax: number;
  /** Of one call, retries included. */
  readonly timeoutMs: number;
}
