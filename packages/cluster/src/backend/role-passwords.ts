/**
 * Passwords of roles, where PostgreSQL asks for them: on loopback TCP, which other users of the machine reach, too. A role gets
 * a new one when this process first connects as it, and nobody else ever knows it.
 */
import { randomBytes } from "node:crypto";
import type { Requester } from "./request.ts";

export class RolePasswords {
  readonly #system: Requester;
  readonly #given = new Map<string, Promise<string>>();

  constructor(system: Requester) {
    this.#system = system;
  }

  /** @throws {PostgresError} there is no such role, or it is a superuser */
  async of(role: string): Promise<string> {
    const known = this.#given.get(role);
    if (known !== undefined) return await known;
    const given = this.#give(role);
    this.#given.set(role, given);
    given.catch(() => this.#given.delete(role));
    return await given;
  }

  /** Whoever has the name from now on is another role. */
  forget(role: string): void {
    this.#given.delete(role);
  }

  /** The roles are others than before. */
  forgetAll(): void {
    this.#given.clear();
  }

  async #give(role: string): Promise<string> {
    const password = randomBytes(24).toString("base64url");
    await this.#system.request("SELECT pg_dsql.give_password($1, $2)", [role, password]);
    return password;
  }
}
