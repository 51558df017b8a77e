import type { Handler } from "aws-lambda";
import { getPool } from "./db";

interface Request {
  name: string;
}

interface Response {
  greeting: string;
}

export const handler: Handler<Request, Response> = async (event) => {
  await getPool().query("SELECT 1");
  return { greeting: `Hello ${event.name}, connected to DSQL successfully!` };
};
