/** The client cannot be answered any more. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}
