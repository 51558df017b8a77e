/**
 * Resource-based policies as they are put: what the service does not accept, and what would lock their owner out.
 *
 * Source: Aurora DSQL User Guide, "Resource-based policies for Aurora DSQL", "Blocking public access with resource-based
 * policies in Aurora DSQL"; API Reference, PutClusterPolicy.
 */
import { IdentityError, parsePolicy, type Policy } from "@dsql-local/account";
import { invalidField, invalidRequest } from "./errors.ts";
import { policyCharactersMax } from "./fields.ts";

/** @throws {ServiceError} ValidationException: it is none, too long, or grants access to everybody */
export function checkPolicy(document: string): Policy {
  if (document === "" || document.length > policyCharactersMax)
    throw invalidField("policy", `a JSON document of 1 to ${policyCharactersMax} characters`);
  let policy: Policy;
  try {
    policy = parsePolicy(document, "resource");
  } catch (error) {
    if (!(error instanceof IdentityError)) throw error;
    throw invalidField("policy", `a policy document (${error.message})`);
  }
  if (isPublic(JSON.parse(document) as Document))
    throw invalidRequest(
      "The policy grants public access to the cluster: a statement that allows everybody needs a condition that says whom it means.",
    );
  return policy;
}

interface DocumentStatement {
  readonly Effect?: unknown;
  readonly Principal?: unknown;
  readonly NotPrincipal?: unknown;
  readonly Condition?: unknown;
}

interface Document {
  readonly Statement: DocumentStatement | readonly DocumentStatement[];
}

/** The service proves it; here a statement is public if it allows everybody without any condition. */
function isPublic({ Statement }: Document): boolean {
  return [Statement].flat().some((statement) => {
    const { Effect, Principal, NotPrincipal, Condition } = statement;
    return (
      Effect === "Allow" && Condition === undefined && (NotPrincipal !== undefined || isEverybody(Principal))
    );
  });
}

function isEverybody(principal: unknown): boolean {
  if (typeof principal !== "object" || principal === null) return principal === "*";
  const { AWS } = principal as { AWS?: unknown };
  return [AWS].flat().includes("*");
}
