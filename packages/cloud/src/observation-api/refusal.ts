/** What is answered to a request that is not granted: a status, and a message that says what to do. */
export class ApiRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
