/** Roles, who is a member of which, and the IAM identities that may connect as them. */
import { administratorUser } from "@dsql-local/spec";
import { quoteLiteral } from "@dsql-local/sql";
import type { CatalogReader } from "./reader.ts";

/** For a column `rolname`: not one of those that every cluster has. */
const isUsersRole = `rolname NOT LIKE 'pg\\_%' AND rolname NOT IN ('${administratorUser}', 'dbowner')`;

export async function roleStatements(catalog: CatalogReader): Promise<string[]> {
  return [
    ...(await roles(catalog)),
    ...(await memberships(catalog)),
    ...(await identities(catalog)),
    ...(await comments(catalog)),
  ];
}

async function roles(catalog: CatalogReader): Promise<string[]> {
  const found = await catalog.rows<{ name: string; login: boolean }>(
    `SELECT quote_ident(rolname) AS name, rolcanlogin AS login FROM pg_roles WHERE ${isUsersRole} ORDER BY rolname`,
  );
  return found.map(({ name, login }) => `CREATE ROLE ${name}${login ? " WITH LOGIN" : ""}`);
}

async function memberships(catalog: CatalogReader): Promise<string[]> {
  const found = await catalog.rows<{ role: string; member: string; admin: boolean }>(
    // Whoever makes a role may administer it, without being it: that comes with CREATE ROLE again.
    `SELECT quote_ident(role.rolname) AS role, quote_ident(member.rolname) AS member, bool_or(m.admin_option) AS admin
     FROM pg_auth_members m
     JOIN (SELECT oid, rolname FROM pg_roles WHERE ${isUsersRole}) AS role ON role.oid = m.roleid
     JOIN pg_roles AS member ON member.oid = m.member
     WHERE m.inherit_option OR m.set_option
     GROUP BY 1, 2 ORDER BY 1, 2`,
  );
  return found.map(
    ({ role, member, admin }) => `GRANT ${role} TO ${member}${admin ? " WITH ADMIN OPTION" : ""}`,
  );
}

async function identities(catalog: CatalogReader): Promise<string[]> {
  const found = await catalog.rows<{ role: string; arn: string }>(
    "SELECT quote_ident(pg_role_name) AS role, arn FROM sys.iam_pg_role_mappings ORDER BY pg_role_name, arn",
  );
  return found.map(({ role, arn }) => `AWS IAM GRANT ${role} TO ${quoteLiteral(arn)}`);
}

async function comments(catalog: CatalogReader): Promise<string[]> {
  const found = await catalog.rows<{ role: string; text: string }>(
    `SELECT quote_ident(rolname) AS role, description AS text
     FROM pg_shdescription JOIN pg_roles ON pg_roles.oid = objoid AND classoid = 'pg_authid'::regclass
     WHERE ${isUsersRole} ORDER BY rolname`,
  );
  return found.map(({ role, text }) => `COMMENT ON ROLE ${role} IS ${quoteLiteral(text)}`);
}
