export type TransferErrorCode = "InvalidRequest" | "AccountNotFound" | "InsufficientBalance";

/** A transfer that cannot be made, however often it is tried: the caller has to change something. */
export class TransferError extends Error {
  override readonly name = "TransferError";
  readonly code: TransferErrorCode;

  constructor(code: TransferErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
